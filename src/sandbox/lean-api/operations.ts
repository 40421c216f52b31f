import { type Instant, instantFromMs } from '../instant.ts';
import type { PayoutSnapshot } from '../payout.ts';
import { createPayouts } from './creation.ts';
import { eventsPage } from './events-page.ts';
import { type LeanRequest, type LeanState, wireFormatOf } from './lean-state.ts';
import { payoutList } from './payout-list.ts';
import { Refusal } from './refusal.ts';
import { reportedPayout } from './reported-payout.ts';
import type { LeanResponse } from './response.ts';

/**
 * Performs the operation of an authenticated request. Throws a Refusal if Lean would refuse the request.
 * @param nowMs epoch ms by Lean's clock
 */
export function performOperation(lean: LeanState, request: LeanRequest, nowMs: number): LeanResponse {
  const wire = wireFormatOf(lean);
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
      // The clock may have passed events whose timer has not fired yet.
      lean.schedule.runDue();
      return ok(eventsPage(lean.eventLog, request.query, now));
    case 'getPayout':
      if (wire.single === undefined) throw unknownUrl();
      return ok(wire.single.payment(paymentOf(lean, id, now)));
    case 'getPayoutIntent':
      if (wire.single === undefined) throw unknownUrl();
      return ok(wire.single.intent(payoutsOfIntent(lean, id, now).at(-1) ?? throwUnknownIntent(id)));
    default:
      throw pathExists
        ? new Refusal(405, 'INVALID_HTTP_METHOD', 'the method is not allowed here')
        : unknownUrl();
  }
}

function history(lean: LeanState, id: string, now: Instant): string {
  const wire = wireFormatOf(lean);
  const intentId = wire.historyKey === 'intent' ? id : paymentOf(lean, id, now).facts.intentId;
  const [first, ...rest] = payoutsOfIntent(lean, intentId, now);
  return wire.history([first ?? throwUnknownIntent(id), ...rest]);
}

/** A payment as Lean reports it. Throws a Refusal if there is none with this id. */
function paymentOf({ store, behaviour }: LeanState, id: string, now: Instant): PayoutSnapshot {
  const payout = store.byPayment(id)?.at(now);
  if (payout?.paymentId !== undefined) return reportedPayout(payout, behaviour);
  throw new Refusal(404, 'UNKNOWN_PAYMENT', `payment with id = ${id} not found`);
}

/** All payouts of an intent as Lean reports them, oldest first. */
function payoutsOfIntent({ store, behaviour }: LeanState, id: string, now: Instant): PayoutSnapshot[] {
  return store.byIntent(id).map(payout => reportedPayout(payout.at(now), behaviour));
}

function throwUnknownIntent(id: string): never {
  throw new Refusal(404, 'UNKNOWN_PAYMENT_INTENT', `payment intent with id = ${id} not found`);
}

function unknownUrl(): Refusal {
  return new Refusal(404, 'INVALID_URL', 'there is nothing at this address');
}

function ok(body: string): LeanResponse {
  return { status: 200, body };
}
