import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Cancellation, once, type CancellationSignal } from '../../src/lean/cancellation.ts';

/** Adds and removes listeners in the given steps, and aborts twice. Returns the listeners that were called. */
function calledListeners(
  steps: readonly (readonly [step: 'add' | 'remove', index: number])[],
  asObjects: boolean,
) {
  return (signal: CancellationSignal, abort: () => void): readonly number[] => {
    const called: number[] = [];
    const listeners = Array.from({ length: 8 }, (_, index) => {
      const listener = (): void => {
        called.push(index);
      };
      return asObjects ? { handleEvent: listener } : listener;
    });
    const added = new Set<number>();
    for (const [step, index] of steps) {
      const listener = listeners[index];
      if (listener === undefined) continue;
      if (step === 'remove') signal.removeEventListener('abort', listener);
      // No listener is added twice.
      else if (!added.has(index)) signal.addEventListener('abort', listener, once);
      if (step === 'remove') added.delete(index);
      else added.add(index);
    }
    abort();
    abort();
    return called.sort((a, b) => a - b);
  };
}

it('a cancellation calls the same listeners as an AbortSignal, each of them once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('add', 'remove'), fc.nat({ max: 7 })), { maxLength: 30 }),
      fc.boolean(),
      (steps, asObjects) => {
        const run = calledListeners(steps, asObjects);
        const [cancellation, controller] = [new Cancellation(), new AbortController()];
        expect(run(cancellation, () => cancellation.abort('gone'))).toEqual(
          run(controller.signal, () => controller.abort('gone')),
        );
        expect([cancellation.aborted, cancellation.reason]).toEqual([true, controller.signal.reason]);
      },
    ),
  );
});

it('a cancellation keeps its first reason', () => {
  const cancellation = new Cancellation();
  cancellation.throwIfAborted();
  cancellation.abort('first');
  cancellation.abort('second');
  expect(() => cancellation.throwIfAborted()).toThrow('first');
});
