import { EventEmitter, once } from 'node:events';
import { pino, type Logger } from 'pino';

export interface LogLine {
  readonly level: number;
  readonly msg?: string;
  readonly [key: string]: unknown;
}

/** A log that can be read, and waited for. */
export function logLines(): {
  readonly log: Logger;
  readonly lines: readonly LogLine[];
  /** The first line that fits, also one that is yet to come. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
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
    async line(fits) {
      for (;;) {
        const found = lines.find(fits);
        if (found !== undefined) return found;
        await once(written, 'line');
      }
    },
  };
}
