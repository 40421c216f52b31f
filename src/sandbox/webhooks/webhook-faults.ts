import type { Random } from '../random.ts';

/** Faults of webhooks. Each is the share of events that it affects, from 0 to 1. */
export interface WebhookFaults {
  /** The event is sent twice. */
  duplicate: number;
  /** The event is sent after the next event of the same payment, or some seconds late if there is none by then. */
  reorder: number;
  /** The event is never sent. The events API still contains it. */
  lose: number;
}

/** Which faults affect one event. */
export type FaultOutcome = Readonly<Record<keyof WebhookFaults, boolean>>;

export function noFaults(): WebhookFaults {
  return { duplicate: 0, reorder: 0, lose: 0 };
}

/** Draws the faults of one event. It always draws three numbers, so that one share does not change the other draws. */
export function drawFaultOutcome(faults: WebhookFaults, random: Random): FaultOutcome {
  return {
    duplicate: random.fraction() < faults.duplicate,
    reorder: random.fraction() < faults.reorder,
    lose: random.fraction() < faults.lose,
  };
}
