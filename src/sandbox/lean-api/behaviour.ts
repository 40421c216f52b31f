import { isRecord } from '../exact-json.ts';

/**
 * How kind the sandbox's Lean is. Every field is a switch of its own, and all of them may be changed while the sandbox
 * runs. The defaults are the Lean of the documentation.
 */
export interface LeanBehaviour {
  /**
   * How long, in milliseconds, Lean works on a creation before the payout exists and the answer is given. A caller that
   * hangs up does not stop it. Lean also decides whether to refuse the creation only then. The sandbox's speed does not
   * change this time. @default 0
   */
  processingMs: number;
  /**
   * A payout appears in the list only so many milliseconds after its creation. The reads of one payment, of one intent
   * and of one history show it at once. @default 0
   */
  listingMs: number;
  /**
   * What a repeated idempotency key does. `replay` gives the first answer again, and refuses another body. `forget`
   * makes a new payout for each request and remembers no key. `refuse` answers 409 to a key that has made a payout
   * before, whatever the body. @default 'replay'
   */
  keys: 'replay' | 'forget' | 'refuse';
  /**
   * How an intent gives its external reference back. `trimmed` drops outer blanks and makes each inner run of blanks one
   * space, `cut` keeps the first ten characters, `lowercased` makes all letters small, `dropped` is null. @default 'exact'
   */
  references: 'exact' | 'trimmed' | 'cut' | 'lowercased' | 'dropped';
  /**
   * How list rows, payments and intents give the amount. `rounded` is half up, to a whole number. The amount itself
   * stays exact: filters, creation answers and events show it. @default 'exact'
   */
  amounts: 'exact' | 'rounded';
  /**
   * What becomes of a creation with several transfers, none of which deserves a refusal. `partly` takes the first one
   * and then answers 422 BENEFICIARY_NOT_ACTIVE. That answer belongs to the idempotency key like any other. @default 'whole'
   */
  batches: 'whole' | 'partly';
  /** The order of the list. `unsorted` is an order without meaning, which stays as it is. @default 'newest' */
  listOrder: 'newest' | 'unsorted';
  /**
   * How many rows a page of the list holds at most, although its `size` repeats what was asked for. The next page begins
   * where the capped page ended. Null for no such cap. @default null
   */
  listCap: number | null;
  /** Whether a page of the list says how many payouts and pages there are. @default 'stated' */
  listTotal: 'stated' | 'missing';
  /**
   * How often the edge in front of Lean delivers a creation. `repeats` delivers it twice; Lean processes both copies, and
   * the caller gets the answer to the second. @default 'once'
   */
  edge: 'once' | 'repeats';
  /**
   * What the answers of UAE version 2 carry. `documented` is the published specification: rows of the list without the
   * time of their last change, the pending authorisation, the tracking and the bank's reference, in a flat page, and
   * payments within intents without tracking, code and details. The other versions are always as documented.
   * @default 'recorded'
   */
  answers: 'recorded' | 'documented';
  /** How many milliseconds Lean's clock is ahead of the sandbox's; less than zero if it is behind. @default 0 */
  clockOffsetMs: number;
}

/** The Lean of the documentation. */
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

interface Check {
  readonly accepted: string;
  readonly accepts: (value: unknown) => boolean;
}

const day = 86_400_000;
const year = 365 * day;
const { accepted: listCaps, accepts: isListCap } = wholeNumber(1, 1000);

const checks: Readonly<Record<keyof LeanBehaviour, Check>> = {
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

/** Reads some fields of a behaviour from JSON; a string is one sentence that says what is wrong. */
export function parseBehaviour(body: unknown): Partial<LeanBehaviour> | string {
  if (!isRecord(body)) return `the body must be an object with some of ${behaviourFields.join(', ')}`;
  for (const [name, value] of Object.entries(body)) {
    const field = behaviourFields.find(known => known === name);
    if (field === undefined) return `there is no ${name}; the fields are ${behaviourFields.join(', ')}`;
    if (!checks[field].accepts(value)) return `${field} must be ${checks[field].accepted}`;
  }
  return { ...body }; // every field has passed its check
}

function wholeNumber(min: number, max: number): Check {
  return {
    accepted: `a whole number from ${String(min)} to ${String(max)}`,
    accepts: value => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  };
}

function oneOf<Choice extends string>(...choices: readonly Choice[]): Check {
  return {
    accepted: `one of ${choices.join(', ')}`,
    accepts: value => choices.some(choice => choice === value),
  };
}
