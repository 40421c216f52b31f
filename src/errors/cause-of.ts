/** The code of the network error behind an error, such as `ECONNREFUSED`; undefined if there is none. */
export function causeOf(error: Error | undefined | null): string | undefined {
  const cause = error?.cause;
  if (!(cause instanceof Error)) return undefined;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
