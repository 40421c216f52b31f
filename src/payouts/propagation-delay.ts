/**
 * How long after a change, or after the creation of a payout, one of Lean's calls, its list or its histories may not show
 * it yet, in ms. Lean documents no bound, so this is an assumption.
 */
export const propagationDelayMs = 10 * 60_000;
