import DataLoader from 'dataloader';

export type Loader<Key, Value> = DataLoader<Key, Value, unknown>;

export interface LoaderOptions<Key, Value> {
  readonly load: (key: Key) => Promise<Value>;
  /** Tells keys that are no texts from each other. */
  readonly textOf?: ((key: Key) => string) | undefined;
  /** Follows a load of so many keys. */
  readonly traced?:
    ((keys: number, work: () => Promise<(Value | Error)[]>) => Promise<(Value | Error)[]>) | undefined;
}

/**
 * A loader that answers by key: keys are de-duplicated and loaded side by side (Lean reads one thing a call), each
 * answer is kept for the request, and one key's failure is that key's alone.
 */
export function byKey<Key, Value>({ load, textOf, traced }: LoaderOptions<Key, Value>): Loader<Key, Value> {
  return new DataLoader<Key, Value, unknown>(
    keys => {
      const work = (): Promise<(Value | Error)[]> => allSettled(keys, load);
      return traced === undefined ? work() : traced(keys.length, work);
    },
    textOf === undefined ? {} : { cacheKeyFn: textOf },
  );
}

/** What each key comes to, when all have: without the promises that `Promise.all` makes of each of them. */
function allSettled<Key, Value>(
  keys: readonly Key[],
  load: (key: Key) => Promise<Value>,
): Promise<(Value | Error)[]> {
  return new Promise(resolve => {
    const results = Array<Value | Error>(keys.length);
    let left = keys.length;
    const settle = (index: number, result: Value | Error): void => {
      results[index] = result;
      left -= 1;
      if (left === 0) resolve(results);
    };
    for (const [index, key] of keys.entries())
      try {
        load(key).then(
          value => {
            settle(index, value);
          },
          (reason: unknown) => {
            settle(index, asError(reason));
          },
        );
      } catch (error) {
        // As of an id of Lean's own that fits into no path: the others are loaded all the same.
        settle(index, asError(error));
      }
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('a read was given up', { cause: reason });
}
