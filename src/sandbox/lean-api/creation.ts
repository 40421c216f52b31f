import { type Answer, errorAnswer, pause } from './answer.ts';
import { type Order, parseOrders } from './create-request.ts';
import { canonicalJson, parseExact } from '../exact-json.ts';
import type { Instant } from '../instant.ts';
import type { Lean, LeanRequest } from './lean.ts';
import { lifecycleOf } from '../lifecycle.ts';
import { Payout } from '../payout.ts';
import { invalidParameters } from './refusal.ts';
import { customerId } from '../seed.ts';

const slowSeconds = 3;

/** Makes the payouts that a request asks for. Throws a Refusal where Lean would make none. */
export function createPayouts(lean: Lean, { body, idempotencyKey }: LeanRequest, now: Instant): Answer {
  const { behaviour, memory, profile } = lean;
  const parsed = parseBody(body);
  // An empty key is no key.
  const key = idempotencyKey === '' ? undefined : idempotencyKey;
  return memory.answer({ key, request: canonicalJson(parsed), keys: behaviour.keys }, () => {
    const orders = parseOrders(parsed, profile);
    const [, second] = behaviour.batches === 'partly' ? orders : [];
    const taken = second === undefined ? orders : orders.slice(0, 1);
    const payouts = taken.map(order => payoutOf(lean, order, key ?? null, now));
    for (const payout of payouts) {
      lean.store.insert(payout);
      lean.announcer.follow(payout, now);
    }
    if (second !== undefined) {
      const message = `destination with id = ${second.destination.id} is not active`;
      return errorAnswer(422, 'BENEFICIARY_NOT_ACTIVE', message, now);
    }
    const answer = { status: 200, body: profile.wire.created(payouts.map(payout => payout.at(now))) };
    const slow = payouts.some(({ facts }) => facts.destination.behaviour === 'slow');
    return slow ? { ...answer, ready: pause((slowSeconds * 1000) / lean.speed) } : answer;
  });
}

function payoutOf(lean: Lean, order: Order, idempotencyKey: string | null, now: Instant): Payout {
  const { authorized, amount, ...rest } = order;
  const random = lean.ids();
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
  const pace = { speed: lean.speed, bankTransactionReference: random.digits(9) };
  return new Payout(facts, lifecycleOf(order.destination.behaviour, authorized, now, pace));
}

function parseBody(body: string): unknown {
  try {
    return parseExact(body);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidParameters('the body is not JSON');
    throw error;
  }
}
