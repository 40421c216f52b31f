import { concernsAllRequests, concernsOneRequest, LeanError } from '../errors/lean-errors.ts';
import type { Payout } from '../payouts/payout.ts';
import type { EventProcessor } from './event-processor.ts';

export interface RowPublisherOptions {
  readonly processor: Pick<EventProcessor, 'publishRow'>;
  readonly isStopped: () => boolean;
}

/** A row of Lean's list, and the position of the newest update from before it was read. */
export interface ListedRow {
  readonly row: Payout;
  readonly position: number;
}

export interface PublishResult {
  /** Whether all rows were tried, except some of those that were open before. */
  readonly isComplete: boolean;
  /** The first failure, if there was any. */
  readonly failure: LeanError | undefined;
}

/** After this many failures in a row no further rows are tried, because Lean itself seems to be failing. */
const maxFailuresInRow = 3;

/** The most payouts that are remembered to be read again. */
const maxOpen = 1000;

/**
 * Publishes the states of payouts from the rows of Lean's list. If a payout cannot be read from Lean, or if its state is
 * in doubt, the others are published nevertheless. The next list then comes to it after all others.
 */
export class RowPublisher {
  readonly #options: RowPublisherOptions;
  /** The intents whose last try failed or left the state in doubt. The one that was tried first comes first. */
  readonly #open = new Set<string>();

  constructor(options: RowPublisherOptions) {
    this.#options = options;
  }

  /** The intents of the listed payouts that must be read again. */
  get open(): ReadonlySet<string> {
    return this.#open;
  }

  /**
   * Publishes the rows of all pages. Ends early if Lean itself seems to be failing.
   * @param onPublished called after each payout with a new state
   * @throws StoreUnavailable, and the errors of the pages
   */
  async publish(
    pages: AsyncIterable<readonly ListedRow[]>,
    onPublished: () => void = () => undefined,
  ): Promise<PublishResult> {
    const openBefore = new Set(this.#open);
    const retries = new Map<string, ListedRow>();
    const progress: Progress = { onPublished, failuresInRow: 0, failure: undefined };
    for await (const rows of pages)
      for (const listed of rows) {
        const { intentId } = listed.row;
        if (openBefore.has(intentId)) retries.set(intentId, listed);
        else if (!(await this.#publishRow(listed, progress)))
          return { isComplete: false, failure: progress.failure };
      }
    // These have been published in another way.
    for (const intentId of openBefore.difference(retries)) this.#open.delete(intentId);
    for (const intentId of openBefore) {
      const listed = retries.get(intentId);
      if (listed !== undefined && !(await this.#publishRow(listed, progress))) break;
    }
    return { isComplete: true, failure: progress.failure };
  }

  /** @returns false if no further row should be tried */
  async #publishRow({ row, position }: ListedRow, progress: Progress): Promise<boolean> {
    const { processor, isStopped } = this.#options;
    if (isStopped()) return false;
    try {
      const published = await processor.publishRow(row, position);
      if (published === 'unsettled') this.#keepOpen(row);
      else {
        this.#open.delete(row.intentId);
        if (published > 0) progress.onPublished();
      }
      progress.failuresInRow = 0;
      return true;
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      this.#keepOpen(row);
      progress.failure ??= error;
      if (!concernsOneRequest(error)) progress.failuresInRow += 1;
      return progress.failuresInRow < maxFailuresInRow && !concernsAllRequests(error);
    }
  }

  #keepOpen({ intentId }: Payout): void {
    // Deleted first, so that it moves to the end.
    this.#open.delete(intentId);
    if (this.#open.size < maxOpen) this.#open.add(intentId);
  }
}

/** The state of one run of `publish`. */
interface Progress {
  readonly onPublished: () => void;
  failuresInRow: number;
  failure: LeanError | undefined;
}
