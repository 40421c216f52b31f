import { isJsonObject } from '../json/json-object.ts';
import type { PayoutEvents } from '../payouts/payout-update.ts';
import type { AnnouncedPayout } from '../payouts/creation/payout-records.ts';
import { announcedPayoutFromLean, eventFromLean } from './event-from-lean.ts';
import { isSigned } from './signature.ts';

/**
 * The result of a webhook delivery. `unsigned`: no valid signature. `malformed`: signed, but not a JSON object.
 * `ignored`: not an event of a payment. `duplicate`: received before. `stored`: stored, and processed soon.
 */
export type DeliveryResult = 'unsigned' | 'malformed' | 'ignored' | 'duplicate' | 'stored';

export interface WebhookReceiverOptions {
  /** Several secrets while one of them is being replaced. */
  readonly secrets: readonly string[];
  readonly events: Pick<PayoutEvents, 'receive'>;
  /** Called with the id of each intent and payment that a signed event names, because it may have changed. */
  readonly onPayoutChanged?: (id: string) => void;
  /** Called after a new event has been stored. */
  readonly onReceived: (payout: AnnouncedPayout) => void;
}

/** Receives Lean's webhooks. A signed event is stored before it is acknowledged, and processed later. */
export class WebhookReceiver {
  readonly #options: WebhookReceiverOptions;

  constructor(options: WebhookReceiverOptions) {
    this.#options = options;
  }

  /**
   * @param body the exact bytes of the request body, which the signature covers
   * @param signature the `lean-signature` header
   * @throws StoreUnavailable if the event cannot be stored: the delivery must not be acknowledged then
   */
  async receive(body: Buffer, signature: string | undefined): Promise<DeliveryResult> {
    const { secrets, events, onPayoutChanged, onReceived } = this.#options;
    if (!isSigned(body, signature, secrets)) return 'unsigned';
    const envelope = parseObject(body);
    if (envelope === undefined) return 'malformed';
    const event = eventFromLean(envelope);
    if (event === undefined) return 'ignored';
    for (const id of [event.paymentId, event.intentId]) if (id !== null) onPayoutChanged?.(id);
    if ((await events.receive([event])) === 0) return 'duplicate';
    onReceived(announcedPayoutFromLean(envelope));
    return 'stored';
  }
}

/** Parses a JSON object. `JSON.parse` is precise enough, because the amount only selects payouts to reconcile. */
function parseObject(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
