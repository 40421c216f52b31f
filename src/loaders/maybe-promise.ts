/**
 * A value, or a promise of it. A value that is known is not wrapped in a promise, because a page has hundreds of fields
 * and a promise for each would cost more than resolving the field.
 */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Passes a value to `use`: immediately if it is known, otherwise when its promise has resolved. */
export function andThen<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
