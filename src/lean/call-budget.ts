/** Has the budget that Lean calls count towards. It may change between two calls. */
export interface Payer {
  /** Without a budget the calls are not limited. */
  readonly budget?: CallBudget | undefined;
}

/** Counts the Lean calls of one operation, and ends where it may make no more. Repeated calls count, too. */
export class CallBudget {
  /** Calls that the operation may make. */
  readonly max: number;
  #made = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** Whether another call may be made. */
  get left(): boolean {
    return this.#made < this.max;
  }

  /** Takes one call out of the budget; false when none is left. */
  take(): boolean {
    if (!this.left) return false;
    this.#made += 1;
    return true;
  }
}
