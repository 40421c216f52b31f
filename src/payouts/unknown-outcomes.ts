import type { LeanClient } from '../lean/client.ts';
import { LeanError } from '../lean/errors.ts';
import { StoreUnavailable } from './errors.ts';
import type { LostAndFound, LostPayouts } from './lost-payouts.ts';
import type { PayoutRecords, PayoutRequest, RequestKey } from './payout-record.ts';
import { Rounds } from './rounds.ts';

export interface ResolutionEvents {
  /** A payout whose outcome was unknown has been found at Lean, and is recorded. */
  found(key: RequestKey, intentId: string): void;
  /** Lean has been asked, and does not tell yet. */
  still(key: RequestKey, rest: LostAndFound['rest'], checks: number): void;
  /** Once when it starts and once when it is over. */
  storeTrouble(error: StoreUnavailable | undefined): void;
}

export interface UnknownOutcomesOptions {
  readonly client: LeanClient;
  readonly records: PayoutRecords;
  readonly lost: LostPayouts;
  readonly events?: Partial<ResolutionEvents>;
  /** How long settled requests are kept, in days. */
  readonly retentionDays: number;
  /** Between rounds. @default 1 s */
  readonly everyMs?: number;
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** What a look at Lean that found nothing comes to, in words for those who run the gateway. */
export const stillUnknown: Readonly<Record<LostAndFound['rest'], string>> = {
  absent: 'Lean does not have the payout so far: it is sent again when its key comes again',
  unclear: 'Lean has something that may be the payout, without its reference: somebody must look into it',
  unreferenced:
    "this Lean application keeps no external references: only sending the same key again can tell, by Lean's own memory of it",
};

/** Requests looked for in one round. */
const perRound = 20;

const firstPauseMs = 5000;
const longestPauseMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * Finds out, in the background, what became of payouts whose outcome is unknown: those that a crash left behind,
 * and those whose answer was lost. It only ever looks: what Lean does not have is sent again when its key comes
 * again, and not before.
 */
export class UnknownOutcomes {
  readonly #options: Required<UnknownOutcomesOptions>;
  readonly #rounds: Rounds;

  constructor(options: UnknownOutcomesOptions) {
    this.#options = { events: {}, everyMs: 1000, now: Date.now, ...options };
    const { events, everyMs } = this.#options;
    this.#rounds = new Rounds({
      round: () => this.round(),
      everyMs,
      isTrouble: error => error instanceof StoreUnavailable,
      onTrouble: error => events.storeTrouble?.(error as StoreUnavailable | undefined),
    });
  }

  /** Looks now, and from now on. */
  start(): void {
    this.#rounds.start();
  }

  /** Ends the looking; a look under way is waited for. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /**
   * One round: takes back what the dead have left, forgets what is old, looks for what is due.
   * @throws StoreUnavailable
   */
  async round(): Promise<void> {
    const { records, retentionDays, now } = this.#options;
    await records.recover();
    await records.forget(now() - retentionDays * dayMs);
    for (const request of await records.due(perRound)) {
      if (this.#rounds.stopped) return;
      await this.#look(request);
    }
  }

  async #look(request: PayoutRequest): Promise<void> {
    const { records, client } = this.#options;
    const inMs = Math.min(firstPauseMs * 2 ** request.checks, longestPauseMs);
    // Put off first: of several gateways one looks.
    if (!(await records.postpone(request, { checks: request.checks + 1, inMs }))) return;
    try {
      await this.resolve(request, client.deadline());
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      // Lean was not asked, so the pause need not grow.
      const asked = await records.read(request);
      if (asked?.nextCheckAt != null)
        await records.postpone(asked, { checks: request.checks, inMs: firstPauseMs });
    }
  }

  /**
   * Looks for one request at Lean and records what is found.
   * @throws LeanError when Lean cannot be asked; StoreUnavailable
   */
  async resolve(request: PayoutRequest, deadline: number): Promise<LostAndFound> {
    const { records, lost, events } = this.#options;
    const { found, rest } = await lost.find(request, { deadline });
    for (const answer of found)
      if (await records.found(request, answer)) events.found?.(request, answer.intentId);
    const open = request.records.filter(({ answer }) => answer === null).length - found.length;
    if (open > 0) events.still?.(request, rest, request.checks + 1);
    return { found, rest };
  }
}
