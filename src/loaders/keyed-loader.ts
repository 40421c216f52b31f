import DataLoader from 'dataloader';
import { toError } from '../errors/to-error.ts';

export type Loader<Key, Value> = DataLoader<Key, Value, unknown>;

export interface LoaderOptions<Key, Value> {
  readonly load: (key: Key) => Promise<Value>;
  /** The cache key of a key that is not a string. */
  readonly cacheKey?: ((key: Key) => string) | undefined;
  /** Traces the load of a batch of keys. */
  readonly trace?:
    ((keys: number, work: () => Promise<(Value | Error)[]>) => Promise<(Value | Error)[]>) | undefined;
}

/**
 * Creates a DataLoader that loads each key with a call of its own, because Lean has no batch reads. The keys of a batch
 * are de-duplicated and loaded concurrently, each result is cached for the request, and an error affects only its key.
 */
export function createKeyedLoader<Key, Value>({
  load,
  cacheKey,
  trace,
}: LoaderOptions<Key, Value>): Loader<Key, Value> {
  return new DataLoader<Key, Value, unknown>(
    keys => {
      const work = (): Promise<(Value | Error)[]> => loadAll(keys, load);
      return trace === undefined ? work() : trace(keys.length, work);
    },
    cacheKey === undefined ? {} : { cacheKeyFn: cacheKey },
  );
}

/** Loads all keys concurrently, and resolves with the value or the error of each. */
async function loadAll<Key, Value>(
  keys: readonly Key[],
  load: (key: Key) => Promise<Value>,
): Promise<(Value | Error)[]> {
  // `load` may throw at once, for example for an id from Lean that is not valid in a path. An async function rejects.
  const outcomes = await Promise.allSettled(keys.map(async key => load(key)));
  return outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : toError(outcome.reason)));
}
