import type { PayoutEvents } from '../payouts/payout-update.ts';
import { announcedPayout, eventFromLean, type AnnouncedPayout } from './event-from-lean.ts';
import { isSigned } from './signature.ts';

/**
 * What became of a delivery. `unsigned`: nobody who knows a secret has sent it. `malformed`: signed, and no JSON
 * object. `ignored`: of no payment. `seen`: received before. `taken`: kept, and looked at soon.
 */
export type Delivery = 'unsigned' | 'malformed' | 'ignored' | 'seen' | 'taken';

export interface WebhookReceiverOptions {
  /** One, or several while one is being replaced. */
  readonly secrets: readonly string[];
  readonly events: Pick<PayoutEvents, 'receive'>;
  /** Told when there is something to look at. */
  readonly onTaken: (payout: AnnouncedPayout) => void;
}

/** Takes Lean's webhooks: what is signed is kept before it is acknowledged, and looked at afterwards. */
export class WebhookReceiver {
  readonly #options: WebhookReceiverOptions;

  constructor(options: WebhookReceiverOptions) {
    this.#options = options;
  }

  /**
   * @param body the very bytes that were sent
   * @throws StoreUnavailable when it cannot be kept: it must not be acknowledged then
   */
  async receive(body: Buffer, signature: string | undefined): Promise<Delivery> {
    const { secrets, events, onTaken } = this.#options;
    if (!isSigned(body, signature, secrets)) return 'unsigned';
    const envelope = parsed(body);
    if (envelope === undefined) return 'malformed';
    const event = eventFromLean(envelope);
    if (event === undefined) return 'ignored';
    if ((await events.receive([event])) === 0) return 'seen';
    onTaken(announcedPayout(envelope));
    return 'taken';
  }
}

/** An amount in it only tells which payouts to look for, so the precision of `JSON.parse` is enough. */
function parsed(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
