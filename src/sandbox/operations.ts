import type { Announcer } from './announcer.ts';
import type { Answer } from './answer.ts';
import { parseOrders } from './create-request.ts';
import type { EventLog } from './event-log.ts';
import { eventsPage } from './events-page.ts';
import { canonicalJson, parseExact } from './exact-json.ts';
import type { IdempotencyMemory } from './idempotency.ts';
import { type Instant, instantFromMs } from './instant.ts';
import { lifeOf } from './life.ts';
import { Payout, type Progress } from './payout.ts';
import type { PayoutStore } from './payout-store.ts';
import { parsePayoutQuery } from './payout-query.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { invalidParameters, Refusal } from './refusal.ts';
import type { Route } from './routes.ts';
import { customerId } from './seed.ts';
import type { Timetable } from './timetable.ts';

/** What the operations work on. */
export interface Lean {
  readonly profile: Profile;
  readonly store: PayoutStore;
  readonly memory: IdempotencyMemory;
  readonly log: EventLog;
  readonly announcer: Announcer;
  readonly timetable: Timetable;
  readonly speed: number;
  readonly maxPageSize: number;
  /** Draws the ids of new payouts. */
  readonly ids: () => Random;
}

/** A request as far as an operation cares. */
export interface LeanRequest {
  readonly route: Route;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
  readonly idempotencyKey: string | undefined;
}

const slowSeconds = 3;

/** Answers one authenticated request. Throws a Refusal where Lean would refuse. */
export function perform(lean: Lean, request: LeanRequest, nowMs: number): Answer {
  const { wire } = lean.profile;
  const { operation, id, pathExists } = request.route;
  const now = instantFromMs(nowMs);
  switch (operation) {
    case 'createPayoutPayment':
      return create(lean, request, now);
    case 'listPayouts':
      return ok(list(lean, request.query, now));
    case 'getPayoutPaymentHistory':
      return ok(history(lean, id, now));
    case 'getDestination': {
      const destination = lean.profile.destinations.get(id);
      if (destination !== undefined) return ok(wire.destination(destination));
      throw new Refusal(404, 'UNKNOWN_PAYMENT_DESTINATION', `destination with id = ${id} not found`);
    }
    case 'listEvents':
      // No timer may have gone off yet for what is due by the clock.
      lean.timetable.run();
      return ok(eventsPage(lean.log, request.query, now));
    case 'getPayout':
      if (wire.single === undefined) throw noSuchUrl();
      return ok(wire.single.payment(paymentOf(lean.store, id, now)));
    case 'getPayoutIntent':
      if (wire.single === undefined) throw noSuchUrl();
      return ok(wire.single.intent(intentOf(lean.store, id, now).at(-1) ?? unknownIntent(id)));
    default:
      throw pathExists
        ? new Refusal(405, 'INVALID_HTTP_METHOD', 'the method is not allowed here')
        : noSuchUrl();
  }
}

function create(lean: Lean, { body, idempotencyKey }: LeanRequest, now: Instant): Answer {
  const parsed = parseBody(body);
  return lean.memory.answer(idempotencyKey, canonicalJson(parsed), () => {
    const random = lean.ids();
    const payouts = parseOrders(parsed, lean.profile).map(({ authorized, amount, ...order }) => {
      const facts = {
        ...order,
        intentId: random.uuid(),
        paymentId: random.uuid(),
        taskId: random.uuid(),
        customerId,
        amount: amount.toString(),
        autoAuthorized: authorized,
        createdAt: now,
      };
      const pace = { speed: lean.speed, bankTransactionReference: random.digits(9) };
      return new Payout(facts, lifeOf(order.destination.behaviour, authorized, now, pace));
    });
    for (const payout of payouts) {
      lean.store.insert(payout);
      lean.announcer.follow(payout, now);
    }
    const answer = ok(lean.profile.wire.created(payouts.map(payout => payout.at(now))));
    const slow = payouts.some(({ facts }) => facts.destination.behaviour === 'slow');
    return slow ? { ...answer, ready: pause((slowSeconds * 1000) / lean.speed) } : answer;
  });
}

function list(lean: Lean, parameters: LeanRequest['query'], now: Instant): string {
  const { pageNumber, pageSize, keeps } = parsePayoutQuery(parameters, lean.maxPageSize);
  const offset = pageNumber * pageSize;
  const kept = keeps && lean.store.filter(payout => keeps(payout, now));
  const payouts = kept?.slice(offset, offset + pageSize) ?? lean.store.newest(offset, pageSize);
  return lean.profile.wire.list({
    items: payouts.map(payout => payout.at(now)),
    number: pageNumber,
    size: pageSize,
    total: kept?.length ?? lean.store.size,
  });
}

function history({ profile, store }: Lean, id: string, now: Instant): string {
  const intentId = profile.wire.historyKey === 'intent' ? id : paymentOf(store, id, now).facts.intentId;
  const [first, ...rest] = intentOf(store, intentId, now);
  return profile.wire.history([first ?? unknownIntent(id), ...rest]);
}

function paymentOf(store: PayoutStore, id: string, now: Instant): Progress {
  const payout = store.byPayment(id)?.at(now);
  if (payout?.paymentId !== undefined) return payout;
  throw new Refusal(404, 'UNKNOWN_PAYMENT', `payment with id = ${id} not found`);
}

function intentOf(store: PayoutStore, id: string, now: Instant): Progress[] {
  return store.byIntent(id).map(payout => payout.at(now));
}

function unknownIntent(id: string): never {
  throw new Refusal(404, 'UNKNOWN_PAYMENT_INTENT', `payment intent with id = ${id} not found`);
}

function noSuchUrl(): Refusal {
  return new Refusal(404, 'INVALID_URL', 'there is nothing at this address');
}

function parseBody(body: string): unknown {
  try {
    return parseExact(body);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidParameters('the body is not JSON');
    throw error;
  }
}

function ok(body: string): Answer {
  return { status: 200, body };
}

/** Waits without keeping the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms).unref();
  });
}
