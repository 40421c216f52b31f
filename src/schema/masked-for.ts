import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import type { GraphContext } from './context.ts';

/**
 * A text as a caller may see it.
 * @param mask `masked` for an account number or an IBAN, `maskedProse` for a sentence that may hold some
 */
export function maskedFor(
  { masksAccounts }: Pick<GraphContext, 'masksAccounts'>,
  text: MaybePromise<string | null>,
  mask: (text: string) => string,
): MaybePromise<string | null> {
  return andThen(text, shown => (shown !== null && masksAccounts ? mask(shown) : shown));
}
