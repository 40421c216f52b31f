import type { Random } from '../random.ts';

/** What goes wrong with webhooks: each the share of events that it befalls, from 0 to 1. */
export interface WebhookFaults {
  /** Sent twice. */
  duplicate: number;
  /** Sent after the next event of the same payment; where none comes soon, after those of others. */
  reorder: number;
  /** Never sent. The events API has it all the same. */
  lose: number;
}

/** What befalls one event. */
export type FaultOutcome = Readonly<Record<keyof WebhookFaults, boolean>>;

export function noFaults(): WebhookFaults {
  return { duplicate: 0, reorder: 0, lose: 0 };
}

/** Draws an event's fate. Always draws as often, so that one share does not change whom the others befall. */
export function drawFaultOutcome(faults: WebhookFaults, random: Random): FaultOutcome {
  return {
    duplicate: random.fraction() < faults.duplicate,
    reorder: random.fraction() < faults.reorder,
    lose: random.fraction() < faults.lose,
  };
}
