/**
 * The SQL condition that a time is past. No time is set further ahead than `maxWaitMs` (SQL), so a time further ahead was
 * written by a wrong clock and also counts as past.
 */
export function isPast(column: string, maxWaitMs: string): string {
  return `(${column} <= store_now() OR ${column} > store_now() + ${maxWaitMs})`;
}
