import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import type { GraphContext } from './context.ts';

/**
 * A text as the caller may see it: masked if `masksAccounts` is set.
 * @param mask `maskAccount` for an account number or an IBAN, `maskText` for a text that may contain some
 */
export function maskedFor(
  { masksAccounts }: Pick<GraphContext, 'masksAccounts'>,
  text: MaybePromise<string | null>,
  mask: (text: string) => string,
): MaybePromise<string | null> {
  return andThen(text, value => (value !== null && masksAccounts ? mask(value) : value));
}
