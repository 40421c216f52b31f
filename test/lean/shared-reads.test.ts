import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CancellationSignal } from '../../src/lean/cancellation.ts';
import { SharedReads } from '../../src/lean/shared-reads.ts';
import { failureOf, later } from './wiring.ts';

/** Shared reads whose every start is seen, and ended by the test. */
function observed() {
  const reads = new SharedReads<string>();
  const started: {
    readonly key: string;
    readonly signal: CancellationSignal;
    readonly resolve: (answer: string) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  return {
    started,
    read: (key: string, signal?: AbortSignal, deadline = later()): Promise<string> =>
      reads.read(key, { deadline, signal }, receiver => {
        const given = receiver.giveUp;
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        started.push({ key, signal: given, resolve, reject });
        given.addEventListener('abort', () => reject(given.reason), { once: true });
        promise.then(
          answer => receiver.answered(answer),
          (error: unknown) => receiver.failed(error),
        );
      }),
  };
}

describe('identical reads', () => {
  it('share one answer while it is under way', async () => {
    const { read, started } = observed();
    const answers = [read('a'), read('a', new AbortController().signal), read('a')];
    started[0]?.resolve('one');
    expect(await Promise.all(answers)).toEqual(['one', 'one', 'one']);
    expect(started).toHaveLength(1);
  });

  it('are not shared once the answer is in', async () => {
    const { read, started } = observed();
    const first = read('a');
    started[0]?.resolve('old');
    await first;
    const second = read('a');
    started[1]?.resolve('new');
    expect(await second).toBe('new');
  });

  it('leave nothing behind when one cannot even be started', async () => {
    const reads = new SharedReads<string>();
    const broken = new Error('broken');
    const start = (): never => {
      throw broken;
    };
    expect(await failureOf(reads.read('a', { deadline: later() }, start))).toBe(broken);
    const well = reads.read('a', { deadline: later() }, receiver => receiver.answered('well'));
    expect(await well).toBe('well');
  });

  it('do not share with others', () => {
    const { read, started } = observed();
    void read('a');
    void read('b');
    expect(started.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('all fail when the one does, and the next is fresh', async () => {
    const { read, started } = observed();
    const answers = [read('a'), read('a', new AbortController().signal)];
    const broken = new Error('broken');
    started[0]?.reject(broken);
    expect(await Promise.all(answers.map(failureOf))).toEqual([broken, broken]);
    const next = read('a');
    started[1]?.resolve('well');
    expect(await next).toBe('well');
  });
});

describe('a reader with more time', () => {
  it('joins a read that has at least half of it left', async () => {
    const { read, started } = observed();
    const now = performance.now();
    const answers = [read('a', undefined, now + 60_000), read('a', undefined, now + 90_000)];
    started[0]?.resolve('one');
    expect(await Promise.all(answers)).toEqual(['one', 'one']);
    expect(started).toHaveLength(1);
  });

  it('does not join a read that ends much earlier: it would give up while there still is time', async () => {
    const { read, started } = observed();
    const now = performance.now();
    const short = read('a', undefined, now + 10_000);
    const long = read('a', undefined, now + 90_000);
    expect(started).toHaveLength(2);
    const third = read('a', undefined, now + 90_000);
    expect(started).toHaveLength(2);
    started[0]?.reject(new Error('gave up'));
    expect(await failureOf(short)).toMatchObject({ message: 'gave up' });
    started[1]?.resolve('one');
    expect(await Promise.all([long, third])).toEqual(['one', 'one']);
  });

  it('has a read that whoever has less time joins, also once the shorter one is over', async () => {
    const { read, started } = observed();
    const now = performance.now();
    const short = read('a', undefined, now + 10_000);
    const long = read('a', undefined, now + 90_000);
    started[0]?.resolve('short');
    await short;
    const joining = read('a', undefined, now + 10_000);
    expect(started).toHaveLength(2);
    started[1]?.resolve('long');
    expect(await Promise.all([long, joining])).toEqual(['long', 'long']);
  });

  it('keeps its own read when the reader of the shorter one leaves', async () => {
    const { read, started } = observed();
    const now = performance.now();
    const leaver = new AbortController();
    const leaving = failureOf(read('a', leaver.signal, now + 10_000));
    const staying = read('a', new AbortController().signal, now + 90_000);
    leaver.abort();
    await leaving;
    expect(started.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(read('a')).toBeInstanceOf(Promise);
    expect(started).toHaveLength(2);
    started[1]?.resolve('one');
    expect(await staying).toBe('one');
  });
});

describe('a reader who leaves', () => {
  it('leaves at once, and the others stay', async () => {
    const { read, started } = observed();
    const leaver = new AbortController();
    const leaving = read('a', leaver.signal);
    const staying = read('a', new AbortController().signal);
    const reason = new Error('gone');
    leaver.abort(reason);
    expect(await failureOf(leaving)).toBe(reason);
    expect(started[0]?.signal.aborted).toBe(false);
    started[0]?.resolve('one');
    expect(await staying).toBe('one');
  });

  it('cancels the read when it was the last one', async () => {
    const { read, started } = observed();
    const leavers = [new AbortController(), new AbortController()];
    const leaving = leavers.map(({ signal }) => failureOf(read('a', signal)));
    leavers[0]?.abort();
    expect(started[0]?.signal.aborted).toBe(false);
    const reason = new Error('the last one left');
    leavers[1]?.abort(reason);
    expect(started[0]?.signal.reason).toBe(reason);
    await Promise.all(leaving);
  });

  it('never cancels a read that somebody without a signal waits for', async () => {
    const { read, started } = observed();
    const leaver = new AbortController();
    const leaving = failureOf(read('a', leaver.signal));
    const staying = read('a');
    leaver.abort();
    await leaving;
    expect(started[0]?.signal.aborted).toBe(false);
    started[0]?.resolve('one');
    expect(await staying).toBe('one');
  });

  it('leaves a fresh read to whoever comes after the cancellation', async () => {
    const { read, started } = observed();
    const leaver = new AbortController();
    const leaving = failureOf(read('a', leaver.signal));
    leaver.abort();
    const late = read('a', new AbortController().signal);
    await leaving;
    expect(started).toHaveLength(2);
    expect(started[1]?.signal.aborted).toBe(false);
    const third = read('a');
    expect(started).toHaveLength(2);
    started[1]?.resolve('fresh');
    expect(await Promise.all([late, third])).toEqual(['fresh', 'fresh']);
  });

  it('who had left beforehand starts nothing', async () => {
    const { read, started } = observed();
    const reason = new Error('gone');
    expect(await failureOf(read('a', AbortSignal.abort(reason)))).toBe(reason);
    expect(started).toEqual([]);
  });

  it('after the answer changes nothing', async () => {
    const { read, started } = observed();
    const reader = new AbortController();
    const answer = read('a', reader.signal);
    started[0]?.resolve('one');
    await answer;
    reader.abort();
    expect(started[0]?.signal.aborted).toBe(false);
  });
});

it('cancels a read exactly when all its readers have left, in whatever order they come and go', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('come', 'leave'), fc.nat({ max: 5 })), { maxLength: 20 }),
      async steps => {
        const { read, started } = observed();
        const controllers = new Map<number, AbortController>();
        const outcomes: Promise<string>[] = [];
        let expectedStarts = 0;
        for (const [step, who] of steps)
          if (step === 'come' && !controllers.has(who)) {
            if (controllers.size === 0) expectedStarts += 1;
            const controller = new AbortController();
            controllers.set(who, controller);
            outcomes.push(read('a', controller.signal).catch(() => 'left'));
          } else if (step === 'leave') {
            controllers.get(who)?.abort();
            controllers.delete(who);
            if (controllers.size === 0) expect(started.every(({ signal }) => signal.aborted)).toBe(true);
          }
        expect(started).toHaveLength(expectedStarts);
        const waiting = controllers.size;
        expect(started.filter(({ signal }) => !signal.aborted)).toHaveLength(waiting > 0 ? 1 : 0);
        started.at(-1)?.resolve('answer');
        const answers = await Promise.all(outcomes);
        expect(answers.filter(answer => answer === 'answer')).toHaveLength(waiting);
      },
    ),
  );
});

it('a reader with less time leaves at their own deadline, and the others stay', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { read, started } = observed();
  const now = performance.now();
  const long = read('a', undefined, now + 60_000);
  const short = failureOf(read('a', undefined, now + 40_000));
  vi.advanceTimersByTime(40_000);
  expect(await short).toMatchObject({ name: 'LeanOutcomeUnknown', code: 'LEAN_TIMEOUT' });
  expect(started[0]?.signal.aborted).toBe(false);
  started[0]?.resolve('one');
  expect(await long).toBe('one');
  expect(started).toHaveLength(1);
});
