import type { Logger } from 'pino';

/**
 * Writes the warnings of Node and of libraries to the log, instead of printing them as text. It keeps early warnings
 * until there is a log.
 * @returns a function to call with the log
 */
export function logWarnings(): (log: Logger) => void {
  const early: Error[] = [];
  let write = (warning: Error): void => {
    early.push(warning);
  };
  process.removeAllListeners('warning');
  process.on('warning', warning => {
    write(warning);
  });
  return log => {
    write = ({ name, message }) => {
      log.warn({ warning: name }, message);
    };
    for (const warning of early.splice(0)) write(warning);
  };
}
