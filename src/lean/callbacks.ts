/**
 * Callbacks for an outcome: exactly one of them is called, once. They cost less than a promise, which matters because a
 * page of payouts may wait for a hundred calls.
 */
export interface Callbacks<Value> {
  onResult(value: Value): void;
  onError(error: unknown): void;
}

/** A promise that the callbacks given to `start` resolve or reject. */
export function promiseFrom<Value>(start: (callbacks: Callbacks<Value>) => void): Promise<Value> {
  return new Promise((onResult, onError) => {
    start({ onResult, onError });
  });
}
