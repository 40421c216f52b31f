import { canonicalJson, parseExact } from '../exact-json.ts';
import type { Instant } from '../instant.ts';
import { lifecycleOf } from '../lifecycle.ts';
import { Payout } from '../payout.ts';
import { customerId } from '../seed.ts';
import { parseCreateRequest, type PayoutOrder } from './create-request.ts';
import type { LeanRequest, LeanState } from './lean-state.ts';
import { invalidParameters } from './refusal.ts';
import { errorResponse, type LeanResponse, pause } from './response.ts';

/** The delay of the response for the destination `slow`, in seconds at speed 1. */
const slowSeconds = 3;

/** Creates the payouts of a creation request. Throws a Refusal, and creates none, if Lean would refuse the request. */
export function createPayouts(
  lean: LeanState,
  { body, idempotencyKey }: LeanRequest,
  now: Instant,
): LeanResponse {
  const { behaviour, idempotency, profile } = lean;
  const parsed = parseBody(body);
  // An empty idempotency-key header counts as none.
  const key = idempotencyKey === '' ? undefined : idempotencyKey;
  return idempotency.respondOnce({ key, body: canonicalJson(parsed), keys: behaviour.keys }, () => {
    const orders = parseCreateRequest(parsed, profile);
    const [, secondOrder] = behaviour.batches === 'partly' ? orders : [];
    const acceptedOrders = secondOrder === undefined ? orders : orders.slice(0, 1);
    const payouts = acceptedOrders.map(order => createPayout(lean, order, key ?? null, now));
    for (const payout of payouts) {
      lean.store.insert(payout);
      lean.eventPublisher.track(payout, now);
    }
    if (secondOrder !== undefined) {
      const message = `destination with id = ${secondOrder.destination.id} is not active`;
      return errorResponse(422, 'BENEFICIARY_NOT_ACTIVE', message, now);
    }
    const response = { status: 200, body: profile.wire.created(payouts.map(payout => payout.at(now))) };
    const isSlow = payouts.some(({ facts }) => facts.destination.behaviour === 'slow');
    return isSlow ? { ...response, ready: pause((slowSeconds * 1000) / lean.speed) } : response;
  });
}

function createPayout(
  lean: LeanState,
  order: PayoutOrder,
  idempotencyKey: string | null,
  now: Instant,
): Payout {
  const { authorized, amount, ...rest } = order;
  const random = lean.idRng();
  const facts = {
    ...rest,
    intentId: random.uuid(),
    paymentId: random.uuid(),
    taskId: random.uuid(),
    customerId,
    amount: amount.toString(),
    autoAuthorized: authorized,
    idempotencyKey,
    createdAt: now,
  };
  const options = { speed: lean.speed, bankTransactionReference: random.digits(9) };
  return new Payout(facts, lifecycleOf(order.destination.behaviour, authorized, now, options));
}

function parseBody(body: string): unknown {
  try {
    return parseExact(body);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidParameters('the body is not JSON');
    throw error;
  }
}
