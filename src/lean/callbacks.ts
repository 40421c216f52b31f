/**
 * Who is told what became of something, by one of the two, once. It costs less than a promise, where a page of payouts
 * waits for a hundred calls.
 */
export interface Callbacks<Value> {
  answered(value: Value): void;
  failed(error: unknown): void;
}

/** A promise of what a receiver is told. */
export function promised<Value>(start: (receiver: Callbacks<Value>) => void): Promise<Value> {
  return new Promise((answered, failed) => {
    start({ answered, failed });
  });
}
