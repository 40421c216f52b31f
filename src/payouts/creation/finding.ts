/** The reason for an unknown outcome, as callers see it. */
export type PayoutUnknownReason = 'WAITING' | 'UNCLEAR' | 'OPERATOR';

interface FindingRow {
  readonly reason: PayoutUnknownReason;
  /** For the log and for operators. It equals the text in docs/operations.md. */
  readonly description: string;
}

/**
 * The results of a reconciliation read that did not settle the request. Only `absent` can become a proof that Lean
 * does not have the payout. Every other finding is the reason why there is no proof.
 */
export const findings = {
  absent: {
    reason: 'WAITING',
    description: "Lean's list does not hold the payout yet",
  },
  in_flight: {
    reason: 'WAITING',
    description: 'Lean has a payout like it that may belong to another key, which is being sent right now',
  },
  lean_unavailable: { reason: 'WAITING', description: 'Lean could not be read' },
  list_incomplete: {
    reason: 'WAITING',
    description: "Lean's list cannot be read completely: its rows do not add up to the total that it states",
  },
  list_too_long: {
    reason: 'WAITING',
    description: "Lean's list for the time in question is too long to be read completely",
  },
  reference_payout_missing: {
    reason: 'WAITING',
    description: "Lean's list lacks a payout that it must hold, so it proves nothing about this one",
  },
  lean_time_unknown: {
    reason: 'WAITING',
    description: "Lean's responses have no Date header, so Lean's list proves no absence",
  },
  clocks_differ: {
    reason: 'WAITING',
    description:
      "the clocks of this gateway, of its store and of Lean differ by minutes, so Lean's list proves no absence",
  },
  look_alike: {
    reason: 'UNCLEAR',
    description: 'Lean has a payout that may be this one and cannot be distinguished from it',
  },
  reference_shared: {
    reason: 'UNCLEAR',
    description: 'Lean has a payout with this reference, and another key has the same reference',
  },
  recorded_for_other_key: {
    reason: 'UNCLEAR',
    description: 'Lean has a payout with this reference, and the record of another key names that payout',
  },
  several_at_lean: {
    reason: 'UNCLEAR',
    description: 'Lean has more payouts with this reference than there are transfers',
  },
  absence_doubted: {
    reason: 'OPERATOR',
    description:
      "Lean's list has lacked a payout that Lean had accepted, so it proves no absence for this application",
  },
  needs_decision: {
    reason: 'OPERATOR',
    description: 'Lean is proven not to have it, and only an operator may allow another send',
  },
  other_application: {
    reason: 'OPERATOR',
    description: "it was sent for a Lean application other than that of this gateway's credentials",
  },
} as const satisfies Record<string, FindingRow>;

export type Finding = keyof typeof findings;

/** Findings with which Lean's list proves nothing. An operator may decide in spite of them (`--despite`). */
export const inconclusiveFindings = [
  'list_incomplete',
  'list_too_long',
  'reference_payout_missing',
  'lean_time_unknown',
  'clocks_differ',
  'absence_doubted',
  'lean_unavailable',
  'other_application',
] as const satisfies readonly Finding[];

export function isFinding(word: unknown): word is Finding {
  return typeof word === 'string' && Object.hasOwn(findings, word);
}
