import DataLoader from 'dataloader';

/**
 * A loader that answers by key: keys are de-duplicated and loaded side by side (Lean reads one thing a call), each
 * answer is kept for the request, and one key's failure is that key's alone.
 */
export function byKey<Value>(
  load: (key: string) => Promise<Value>,
  traced?: (
    keys: number,
    work: () => Promise<PromiseSettledResult<Value>[]>,
  ) => Promise<PromiseSettledResult<Value>[]>,
): DataLoader<string, Value> {
  return new DataLoader<string, Value>(async keys => {
    const work = (): Promise<PromiseSettledResult<Value>[]> => Promise.allSettled(keys.map(load));
    const results = await (traced === undefined ? work() : traced(keys.length, work));
    return results.map(result =>
      result.status === 'fulfilled'
        ? result.value
        : result.reason instanceof Error
          ? result.reason
          : new Error('a read was given up', { cause: result.reason }),
    );
  });
}
