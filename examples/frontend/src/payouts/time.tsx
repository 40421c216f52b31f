const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** An instant, in the reader's own time zone. */
export function Time({ at }: { readonly at: string | null }) {
  return at === null ? <span>–</span> : <time dateTime={at}>{format.format(new Date(at))}</time>;
}
