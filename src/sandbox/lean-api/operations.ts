import type { Answer } from './answer.ts';
import { createPayouts } from './creation.ts';
import { eventsPage } from './events-page.ts';
import { type Instant, instantFromMs } from '../instant.ts';
import { wireOf, type Lean, type LeanRequest } from './lean.ts';
import type { Progress } from '../payout.ts';
import { payoutList } from './payout-list.ts';
import { Refusal } from './refusal.ts';
import { reportedPayout } from './reported-payout.ts';

/** Answers one authenticated request. Throws a Refusal where Lean would refuse. */
export function perform(lean: Lean, request: LeanRequest, nowMs: number): Answer {
  const wire = wireOf(lean);
  const { operation, id, pathExists } = request.route;
  const now = instantFromMs(nowMs);
  switch (operation) {
    case 'createPayoutPayment':
      return createPayouts(lean, request, now);
    case 'listPayouts':
      return ok(payoutList(lean, request.query, now));
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
      return ok(wire.single.payment(paymentOf(lean, id, now)));
    case 'getPayoutIntent':
      if (wire.single === undefined) throw noSuchUrl();
      return ok(wire.single.intent(intentOf(lean, id, now).at(-1) ?? unknownIntent(id)));
    default:
      throw pathExists
        ? new Refusal(405, 'INVALID_HTTP_METHOD', 'the method is not allowed here')
        : noSuchUrl();
  }
}

function history(lean: Lean, id: string, now: Instant): string {
  const wire = wireOf(lean);
  const intentId = wire.historyKey === 'intent' ? id : paymentOf(lean, id, now).facts.intentId;
  const [first, ...rest] = intentOf(lean, intentId, now);
  return wire.history([first ?? unknownIntent(id), ...rest]);
}

/** A payment as Lean reports it. */
function paymentOf({ store, behaviour }: Lean, id: string, now: Instant): Progress {
  const payout = store.byPayment(id)?.at(now);
  if (payout?.paymentId !== undefined) return reportedPayout(payout, behaviour);
  throw new Refusal(404, 'UNKNOWN_PAYMENT', `payment with id = ${id} not found`);
}

/** Every attempt to pay an intent as Lean reports it, oldest first. */
function intentOf({ store, behaviour }: Lean, id: string, now: Instant): Progress[] {
  return store.byIntent(id).map(payout => reportedPayout(payout.at(now), behaviour));
}

function unknownIntent(id: string): never {
  throw new Refusal(404, 'UNKNOWN_PAYMENT_INTENT', `payment intent with id = ${id} not found`);
}

function noSuchUrl(): Refusal {
  return new Refusal(404, 'INVALID_URL', 'there is nothing at this address');
}

function ok(body: string): Answer {
  return { status: 200, body };
}
