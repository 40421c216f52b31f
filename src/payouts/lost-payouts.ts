import { payoutId } from './ids.ts';
import { compareDecimals, type Decimal } from './decimal.ts';
import { parseInstant, type Instant } from './instant.ts';
import type { PayoutCreated } from './creation-answer.ts';
import type { PayoutIntent } from './payout-intent.ts';
import type { PayoutLists } from './payout-list.ts';
import type { PayoutReads } from './payout-reads.ts';
import type { PayoutRecord, PayoutRecords, PayoutRequest } from './payout-record.ts';
import type { Payout } from './payout.ts';

/**
 * What Lean has of a request whose answer was lost. Of those not found: `absent`, Lean has none of them; `unclear`,
 * it has something that may be one of them; `unreferenced`, this Lean application keeps no references to tell by.
 */
export interface LostAndFound {
  readonly found: readonly PayoutCreated[];
  readonly rest: 'absent' | 'unclear' | 'unreferenced';
}

/**
 * How far Lean's clock may be from ours, and how long it may take to write a payout down. Generous: a payout that is
 * looked for in the wrong hour would be paid twice, and the records keep the search short.
 */
const marginMs = 3_600_000;

const pageSize = 100;

/** Intents read side by side: looking for one payout must not keep everybody else's reads waiting. */
const atOnce = 8;

/**
 * Finds payouts again whose answer was lost: Lean's list by time and amount, then the references that the intents of
 * those rows carry. Payouts that another record names are none of them.
 */
export class LostPayouts {
  readonly #lists: PayoutLists;
  readonly #reads: PayoutReads;
  readonly #records: PayoutRecords;

  constructor(lists: PayoutLists, reads: PayoutReads, records: PayoutRecords) {
    this.#lists = lists;
    this.#reads = reads;
    this.#records = records;
  }

  /**
   * @param options.deadline on the clock of `performance.now()`
   * @throws LeanError when Lean cannot be asked; StoreUnavailable
   */
  async find(request: PayoutRequest, options: { readonly deadline: number }): Promise<LostAndFound> {
    const lost = request.records.filter(({ answer }) => answer === null);
    if (lost.length === 0) return { found: [], rest: 'absent' };
    const rows = await this.#rowsLike(request, lost, options);
    const byIntent = new Map(rows.map(row => [row.intentId, row]));
    const unnamed = byIntent.delete(undefined);
    const ids = [...byIntent.keys()].filter(id => typeof id === 'string');
    const recorded = await this.#records.recordedIntents(ids);
    const candidates = ids.filter(id => !recorded.has(id));
    if (candidates.length === 0 && !unnamed) return { found: [], rest: 'absent' };
    if (this.#reads.lacksDetails) return { found: [], rest: 'unreferenced' };
    const known: PayoutIntent[] = [];
    try {
      for (let next = 0; next < candidates.length; next += atOnce) {
        const ids = candidates.slice(next, next + atOnce);
        const intents = await Promise.all(ids.map(id => this.#reads.intent(id, options)));
        known.push(...intents.filter(intent => intent !== null));
        if (matched(lost, known).length === lost.length) break;
      }
    } catch (error) {
      if (this.#reads.isMissingOperation(error)) return { found: [], rest: 'unreferenced' };
      throw error;
    }
    const found = matched(lost, known).map(([record, intent]) =>
      createdFromIntent(request.idempotencyKey, record, intent, byIntent.get(intent.id)),
    );
    const missing = lost.filter(
      record => !found.some(({ transferIndex }) => transferIndex === record.position),
    );
    const unread = unnamed || known.length < candidates.length;
    const unclear = missing.some(record => unread || known.some(mayBe(record)));
    return { found, rest: unclear ? 'unclear' : 'absent' };
  }

  /** Every row of the time in which it may have been taken that has the amount of one of the records. */
  async #rowsLike(
    request: PayoutRequest,
    lost: readonly PayoutRecord[],
    options: { readonly deadline: number },
  ): Promise<readonly Payout[]> {
    const from = (request.firstSentAt ?? request.createdAt) - marginMs;
    const to = (request.lastSentAt ?? request.createdAt) + marginMs;
    const filter = {
      amount: around(lost.map(({ transfer }) => transfer.amount.amount)),
      createdAt: { from: instantAt(from), to: instantAt(to) },
    };
    const rows: Payout[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.#lists.read({ first: pageSize, after, filter }, options);
      rows.push(...page.rows);
      after = page.rows.length === 0 ? undefined : page.cursorOf(page.rows.length - 1);
      if (!page.hasNextPage || after === undefined) break;
    }
    return rows.filter(row => lost.some(record => isLike(record, row.amount)));
  }
}

/** Each record with the intent that carries its reference; an intent is one record's alone. */
function matched(
  lost: readonly PayoutRecord[],
  intents: readonly PayoutIntent[],
): (readonly [PayoutRecord, PayoutIntent])[] {
  const left = new Set(intents);
  return lost.flatMap(record => {
    const intent = [...left].find(
      candidate =>
        candidate.externalReference === record.transfer.externalReference && isOf(record, candidate),
    );
    if (intent === undefined) return [];
    left.delete(intent);
    return [[record, intent] as const];
  });
}

function createdFromIntent(
  idempotencyKey: string,
  { position, transfer }: PayoutRecord,
  { id, payout }: PayoutIntent,
  row: Payout | undefined,
): PayoutCreated {
  return {
    kind: 'created',
    idempotencyKey,
    transferIndex: position,
    intentId: id,
    payoutId: payoutId(payout.paymentId, id) ?? id,
    // An intent without a payment does not say how it stands; the list does.
    state: payout.state ?? row?.state ?? { status: 'UNKNOWN', leanStatus: null },
    amount: transfer.amount,
    sender: payout.sender ?? null,
    recipient: payout.recipient,
    traceId: null,
  };
}

/** Ours always carry a reference; one that has lost it, and is like ours in all else, is for a person to judge. */
function mayBe(record: PayoutRecord): (intent: PayoutIntent) => boolean {
  return intent =>
    intent.externalReference === null &&
    isOf(record, intent) &&
    (intent.description === null || intent.description === record.transfer.description);
}

function isOf(record: PayoutRecord, { amount, destination }: PayoutIntent): boolean {
  return (
    isLike(record, amount) &&
    (destination === null || destination.id.toLowerCase() === record.transfer.destinationId.toLowerCase())
  );
}

function isLike({ transfer: { amount } }: PayoutRecord, other: Payout['amount']): boolean {
  // What a row does not say cannot speak against it.
  if (other === undefined) return true;
  return other.currency === amount.currency && compareDecimals(other.amount, amount.amount) === 0;
}

/**
 * Bounds well outside the amounts, in whole units: Lean does not say whether its bounds are inclusive, and takes them
 * for binary floats.
 */
function around(amounts: readonly Decimal[]): { readonly min: Decimal; readonly max: Decimal } {
  const wholes = amounts.map(amount => BigInt(amount.split('.')[0] ?? '0'));
  const least = wholes.reduce((a, b) => (b < a ? b : a));
  const most = wholes.reduce((a, b) => (b > a ? b : a));
  const slack = 1n + most / 1_000_000n;
  const min = least > slack ? least - slack : 0n;
  return { min: String(min) as Decimal, max: String(most + slack + 1n) as Decimal };
}

function instantAt(epochMs: number): Instant {
  return parseInstant(new Date(epochMs).toISOString()) as Instant;
}
