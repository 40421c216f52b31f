import type { Logger } from 'pino';

/**
 * Writes the warnings of Node and of libraries to the log, where Node would print text.
 * @returns a function to call with the log, once there is one
 */
export function logWarnings(): (log: Logger) => void {
  const early: Error[] = [];
  let tell = (warning: Error): void => {
    early.push(warning);
  };
  process.removeAllListeners('warning');
  process.on('warning', warning => {
    tell(warning);
  });
  return log => {
    tell = ({ name, message }) => {
      log.warn({ warning: name }, message);
    };
    for (const warning of early.splice(0)) tell(warning);
  };
}
