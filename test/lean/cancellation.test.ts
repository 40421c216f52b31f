import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Cancellation, once, type CancellationSignal } from '../../src/lean/cancellation.ts';

/** Who is told, after some have come and some have left again. */
function told(steps: readonly (readonly [step: 'come' | 'leave', who: number])[], asObjects: boolean) {
  return (signal: CancellationSignal, abort: () => void): readonly number[] => {
    const heard: number[] = [];
    const listeners = Array.from({ length: 8 }, (_, who) => {
      const hear = (): void => {
        heard.push(who);
      };
      return asObjects ? { handleEvent: hear } : hear;
    });
    const waiting = new Set<number>();
    for (const [step, who] of steps) {
      const listener = listeners[who];
      if (listener === undefined) continue;
      if (step === 'leave') signal.removeEventListener('abort', listener);
      // Nobody comes twice.
      else if (!waiting.has(who)) signal.addEventListener('abort', listener, once);
      if (step === 'leave') waiting.delete(who);
      else waiting.add(who);
    }
    abort();
    abort();
    return heard.sort((a, b) => a - b);
  };
}

it('tells those that an AbortSignal tells: who waits then, and once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('come', 'leave'), fc.nat({ max: 7 })), { maxLength: 30 }),
      fc.boolean(),
      (steps, asObjects) => {
        const tell = told(steps, asObjects);
        const [giveUp, controller] = [new Cancellation(), new AbortController()];
        expect(tell(giveUp, () => giveUp.abort('gone'))).toEqual(
          tell(controller.signal, () => controller.abort('gone')),
        );
        expect([giveUp.aborted, giveUp.reason]).toEqual([true, controller.signal.reason]);
      },
    ),
  );
});

it('keeps its first reason', () => {
  const giveUp = new Cancellation();
  giveUp.throwIfAborted();
  giveUp.abort('first');
  giveUp.abort('second');
  expect(() => giveUp.throwIfAborted()).toThrow('first');
});
