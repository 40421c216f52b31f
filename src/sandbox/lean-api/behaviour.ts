import { isRecord } from '../exact-json.ts';
import { type FieldCheck, oneOf, wholeNumber } from './field-check.ts';

/**
 * Switches that make the sandbox's Lean behave worse than documented. They are independent of each other, and all of
 * them may be changed while the sandbox runs. The defaults are Lean's documented behaviour.
 */
export interface LeanBehaviour {
  /**
   * The time in ms that Lean needs to process a creation. The payout does not exist and the response is not sent
   * before that time. Lean also decides only then whether to refuse the creation. A caller that disconnects does not
   * stop the processing. `speed` does not change this time. @default 0
   */
  processingMs: number;
  /**
   * The time in ms from the creation of a payout until it appears in the list. Single payments, intents and histories
   * show it at once. @default 0
   */
  listingMs: number;
  /**
   * The effect of a repeated idempotency key. `replay` returns the first response again and refuses another body.
   * `forget` ignores keys and creates a new payout for each request. `refuse` responds 409 to a key that has created
   * a payout before, regardless of the body. @default 'replay'
   */
  keys: 'replay' | 'forget' | 'refuse';
  /**
   * How an intent returns its external reference. `trimmed` removes whitespace at both ends and replaces each inner
   * run of whitespace by one space, `cut` keeps the first ten characters, `lowercased` converts all letters to lower
   * case, and `dropped` returns null. @default 'exact'
   */
  references: 'exact' | 'trimmed' | 'cut' | 'lowercased' | 'dropped';
  /**
   * How list rows, payments and intents return the amount. `rounded` rounds half up to a whole number. The stored
   * amount stays exact, and so do filters, creation responses and events. @default 'exact'
   */
  amounts: 'exact' | 'rounded';
  /**
   * The handling of a valid creation with several transfers. `partly` takes only the first transfer and then responds
   * 422 BENEFICIARY_NOT_ACTIVE. That response is stored under the idempotency key like any other. @default 'whole'
   */
  batches: 'whole' | 'partly';
  /** The order of the list. `unsorted` is an arbitrary order that does not change. @default 'newest' */
  listOrder: 'newest' | 'unsorted';
  /**
   * The maximum number of rows on a list page. The `size` in the response is still the requested one. The next page
   * starts where the capped page ended. Null for no cap. @default null
   */
  listCap: number | null;
  /** Whether a list page contains the total numbers of payouts and pages. @default 'stated' */
  listTotal: 'stated' | 'missing';
  /**
   * How often the proxy in front of Lean delivers a creation. `repeats` delivers it twice. Lean then processes both
   * copies, and the caller gets the response to the second. @default 'once'
   */
  edge: 'once' | 'repeats';
  /**
   * The format of the responses of UAE version 2. `documented` follows the published specification: the list has a
   * flat page, its rows lack the time of the last change, the pending authorisation, the tracking and the bank's
   * reference, and payments within intents lack tracking, code and details. The other versions always follow their
   * specifications.
   * @default 'recorded'
   */
  answers: 'recorded' | 'documented';
  /** How far Lean's clock is ahead of the sandbox's clock, in ms. Negative if it is behind. @default 0 */
  clockOffsetMs: number;
}

/** Lean's documented behaviour. */
export function defaultBehaviour(): LeanBehaviour {
  return {
    processingMs: 0,
    listingMs: 0,
    keys: 'replay',
    references: 'exact',
    amounts: 'exact',
    batches: 'whole',
    listOrder: 'newest',
    listCap: null,
    listTotal: 'stated',
    edge: 'once',
    answers: 'recorded',
    clockOffsetMs: 0,
  };
}

const day = 86_400_000;
const year = 365 * day;
const { accepted: listCaps, accepts: isListCap } = wholeNumber(1, 1000);

const checks: Readonly<Record<keyof LeanBehaviour, FieldCheck>> = {
  processingMs: wholeNumber(0, day),
  listingMs: wholeNumber(0, day),
  keys: oneOf<LeanBehaviour['keys']>('replay', 'forget', 'refuse'),
  references: oneOf<LeanBehaviour['references']>('exact', 'trimmed', 'cut', 'lowercased', 'dropped'),
  amounts: oneOf<LeanBehaviour['amounts']>('exact', 'rounded'),
  batches: oneOf<LeanBehaviour['batches']>('whole', 'partly'),
  listOrder: oneOf<LeanBehaviour['listOrder']>('newest', 'unsorted'),
  listCap: { accepted: `null or ${listCaps}`, accepts: value => value === null || isListCap(value) },
  listTotal: oneOf<LeanBehaviour['listTotal']>('stated', 'missing'),
  edge: oneOf<LeanBehaviour['edge']>('once', 'repeats'),
  answers: oneOf<LeanBehaviour['answers']>('recorded', 'documented'),
  clockOffsetMs: wholeNumber(-year, year),
};

/** The names of all fields. */
export const behaviourFields = Object.keys(checks) as (keyof LeanBehaviour)[];

/** Parses a change of the behaviour from JSON. A string says what is wrong with it. */
export function parseBehaviour(body: unknown): Partial<LeanBehaviour> | string {
  const acceptedFields = `accepted fields: ${behaviourFields.join(', ')}`;
  if (!isRecord(body)) return `the body must be an object; ${acceptedFields}`;
  for (const [name, value] of Object.entries(body)) {
    const field = behaviourFields.find(known => known === name);
    if (field === undefined) return `unknown field ${name}; ${acceptedFields}`;
    if (!checks[field].accepts(value)) return `${field} must be ${checks[field].accepted}`;
  }
  return { ...body }; // every field has passed its check
}
