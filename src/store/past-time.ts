/**
 * The condition that a time is past which was set to at most `waitMs` (SQL) ahead. A time further ahead than that was
 * written by a wrong clock, so it counts as past.
 */
export function isPast(column: string, waitMs = 'CAST($1 AS BIGINT)'): string {
  return `(${column} <= store_now() OR ${column} > store_now() + ${waitMs})`;
}
