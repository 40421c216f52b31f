/** A value at hand stays a plain value: a page has hundreds of fields, and a promise for each costs more than they do. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Uses a value: at once if it is at hand, otherwise when it has been read. */
export function andThen<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
