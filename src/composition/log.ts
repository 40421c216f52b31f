import { pino, type Logger } from 'pino';
import type { Config } from '../config/config.ts';

/** The most bytes of lines that wait for a reader that is slow or does not read at all. */
const maxWaitingBytes = 4 * 1024 * 1024;

/**
 * Creates the log: one line of JSON for each entry. It never blocks a request. If its reader does not keep up, 4 MiB of
 * lines wait; further lines are dropped, and when the reader has caught up, a warning says how many.
 * @param fd the file descriptor @default standard output
 */
export function createLog({ logLevel }: Pick<Config, 'logLevel'>, fd = 1): Logger {
  const destination = pino.destination({ dest: fd, sync: false, maxLength: maxWaitingBytes });
  const log = pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  let droppedLines = 0;
  destination.on('drop', () => {
    droppedLines += 1;
    if (droppedLines > 1) return;
    destination.once('drain', () => {
      log.warn({ droppedLines }, 'lines of this log were dropped, because they were not read in time');
      droppedLines = 0;
    });
  });
  return log;
}
