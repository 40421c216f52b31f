import { EventEmitter, once } from 'node:events';
import { pino, type Logger } from 'pino';

export interface LogLine {
  readonly level: number;
  readonly msg?: string;
  readonly [key: string]: unknown;
}

/** Creates a log whose lines a test can read and wait for. */
export function captureLog(): {
  readonly log: Logger;
  readonly lines: readonly LogLine[];
  /** Resolves with the first line that `matches` accepts, past or future. */
  line(matches: (line: LogLine) => boolean): Promise<LogLine>;
} {
  const lines: LogLine[] = [];
  const written = new EventEmitter();
  const log = pino(
    { level: 'debug', base: null },
    {
      write(text: string) {
        lines.push(JSON.parse(text) as LogLine);
        written.emit('line');
      },
    },
  );
  return {
    log,
    lines,
    async line(matches) {
      for (;;) {
        const found = lines.find(matches);
        if (found !== undefined) return found;
        await once(written, 'line');
      }
    },
  };
}
