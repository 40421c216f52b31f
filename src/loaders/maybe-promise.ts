/** A value if it is known, otherwise a promise of it. Promises for all fields use much CPU time (docs/performance.md). */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Passes a value to `use`: immediately if it is known, otherwise when its promise has resolved. */
export function andThen<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
