/**
 * Names the budget that the next Lean call of a request counts against. It may differ from call to call, because the
 * subscribers of a shared read change.
 */
export interface BudgetSource {
  /** Without a budget the calls are not limited. */
  readonly budget?: CallBudget | undefined;
}

/** Limits the Lean calls of one operation. A retry counts as a call. */
export class CallBudget {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get hasCallsLeft(): boolean {
    return this.#used < this.max;
  }

  /** Takes one call from the budget; false when none is left. */
  take(): boolean {
    if (!this.hasCallsLeft) return false;
    this.#used += 1;
    return true;
  }
}
