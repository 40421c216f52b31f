import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CancellationSignal } from '../../src/lean/cancellation.ts';
import { SharedReads, type CancellableRead } from '../../src/lean/shared-reads.ts';
import { failureOf, farDeadline } from './fixtures.ts';

/** Shared reads whose starts are recorded, and whose outcomes the test decides. */
function trackReads() {
  const reads = new SharedReads<string>();
  const started: {
    readonly key: string;
    readonly signal: CancellationSignal;
    readonly resolve: (answer: string) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  return {
    started,
    read: (key: string, signal?: AbortSignal, deadline = farDeadline()): Promise<string> =>
      reads.read(key, { deadline, signal }, ({ cancellation }) => {
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        started.push({ key, signal: cancellation, resolve, reject });
        cancellation.addEventListener('abort', () => reject(cancellation.reason), { once: true });
        return promise;
      }),
  };
}

describe('identical reads', () => {
  it('in flight share one answer', async () => {
    const { read, started } = trackReads();
    const answers = [read('a'), read('a', new AbortController().signal), read('a')];
    started[0]?.resolve('one');
    expect(await Promise.all(answers)).toEqual(['one', 'one', 'one']);
    expect(started).toHaveLength(1);
  });

  it('do not share an answer that has arrived', async () => {
    const { read, started } = trackReads();
    const first = read('a');
    started[0]?.resolve('old');
    await first;
    const second = read('a');
    started[1]?.resolve('new');
    expect(await second).toBe('new');
  });

  it('let go of their answer once all readers have it', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const reads = new SharedReads<object>();
    const ended: CancellableRead[] = [];
    const readOnce = async (): Promise<WeakRef<object>> =>
      new WeakRef(
        await reads.read('a', { deadline: farDeadline() }, read => {
          ended.push(read);
          return Promise.resolve({});
        }),
      );
    const answer = await readOnce();
    // A WeakRef keeps its object until the end of the task that has created it.
    await setImmediate();
    collectGarbage();
    expect(answer.deref()).toBeUndefined();
    expect(ended).toHaveLength(1);
  });

  it('start a new read after one whose start threw', async () => {
    const reads = new SharedReads<string>();
    const broken = new Error('broken');
    const start = (): never => {
      throw broken;
    };
    expect(await failureOf(reads.read('a', { deadline: farDeadline() }, start))).toBe(broken);
    const next = reads.read('a', { deadline: farDeadline() }, () => Promise.resolve('ok'));
    expect(await next).toBe('ok');
  });

  it('do not share with reads of another key', () => {
    const { read, started } = trackReads();
    void read('a');
    void read('b');
    expect(started.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('all fail when the shared read fails, and the next read is a new one', async () => {
    const { read, started } = trackReads();
    const answers = [read('a'), read('a', new AbortController().signal)];
    const broken = new Error('broken');
    started[0]?.reject(broken);
    expect(await Promise.all(answers.map(failureOf))).toEqual([broken, broken]);
    const next = read('a');
    started[1]?.resolve('ok');
    expect(await next).toBe('ok');
  });
});

it('a read is not joined more than a second after it began', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { read, started } = trackReads();
  const first = read('a');
  vi.advanceTimersByTime(1000);
  const joined = read('a');
  vi.advanceTimersByTime(1);
  const later = read('a');
  expect(started).toHaveLength(2);
  started[1]?.resolve('new');
  started[0]?.resolve('old');
  expect(await Promise.all([first, joined, later])).toEqual(['old', 'old', 'new']);
});

describe('a reader with a later deadline', () => {
  it('joins a read that has at least half of the time of the reader left', async () => {
    const { read, started } = trackReads();
    const now = performance.now();
    const answers = [read('a', undefined, now + 60_000), read('a', undefined, now + 90_000)];
    started[0]?.resolve('one');
    expect(await Promise.all(answers)).toEqual(['one', 'one']);
    expect(started).toHaveLength(1);
  });

  it('does not join a read that would time out much earlier', async () => {
    const { read, started } = trackReads();
    const now = performance.now();
    const short = read('a', undefined, now + 10_000);
    const long = read('a', undefined, now + 90_000);
    expect(started).toHaveLength(2);
    const third = read('a', undefined, now + 90_000);
    expect(started).toHaveLength(2);
    started[0]?.reject(new Error('timed out'));
    expect(await failureOf(short)).toMatchObject({ message: 'timed out' });
    started[1]?.resolve('one');
    expect(await Promise.all([long, third])).toEqual(['one', 'one']);
  });

  it('starts a read that readers with less time join, even after the shorter read has ended', async () => {
    const { read, started } = trackReads();
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

  it('keeps its own read when the reader of the shorter read cancels', async () => {
    const { read, started } = trackReads();
    const now = performance.now();
    const controller = new AbortController();
    const cancelled = failureOf(read('a', controller.signal, now + 10_000));
    const waiting = read('a', new AbortController().signal, now + 90_000);
    controller.abort();
    await cancelled;
    expect(started.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(read('a')).toBeInstanceOf(Promise);
    expect(started).toHaveLength(2);
    started[1]?.resolve('one');
    expect(await waiting).toBe('one');
  });
});

describe('a reader that cancels', () => {
  it('fails at once, and the other readers keep waiting', async () => {
    const { read, started } = trackReads();
    const controller = new AbortController();
    const cancelled = read('a', controller.signal);
    const waiting = read('a', new AbortController().signal);
    const reason = new Error('gone');
    controller.abort(reason);
    expect(await failureOf(cancelled)).toBe(reason);
    expect(started[0]?.signal.aborted).toBe(false);
    started[0]?.resolve('one');
    expect(await waiting).toBe('one');
  });

  it('cancels the read if it was the last reader', async () => {
    const { read, started } = trackReads();
    const controllers = [new AbortController(), new AbortController()];
    const cancelled = controllers.map(({ signal }) => failureOf(read('a', signal)));
    controllers[0]?.abort();
    expect(started[0]?.signal.aborted).toBe(false);
    const reason = new Error('the last reader cancelled');
    controllers[1]?.abort(reason);
    expect(started[0]?.signal.reason).toBe(reason);
    await Promise.all(cancelled);
  });

  it('does not cancel a read for which a reader without a signal waits', async () => {
    const { read, started } = trackReads();
    const controller = new AbortController();
    const cancelled = failureOf(read('a', controller.signal));
    const waiting = read('a');
    controller.abort();
    await cancelled;
    expect(started[0]?.signal.aborted).toBe(false);
    started[0]?.resolve('one');
    expect(await waiting).toBe('one');
  });

  it('does not affect later readers, which start a new read', async () => {
    const { read, started } = trackReads();
    const controller = new AbortController();
    const cancelled = failureOf(read('a', controller.signal));
    controller.abort();
    const late = read('a', new AbortController().signal);
    await cancelled;
    expect(started).toHaveLength(2);
    expect(started[1]?.signal.aborted).toBe(false);
    const third = read('a');
    expect(started).toHaveLength(2);
    started[1]?.resolve('fresh');
    expect(await Promise.all([late, third])).toEqual(['fresh', 'fresh']);
  });

  it('before it starts does not start a read', async () => {
    const { read, started } = trackReads();
    const reason = new Error('gone');
    expect(await failureOf(read('a', AbortSignal.abort(reason)))).toBe(reason);
    expect(started).toEqual([]);
  });

  it('after the answer has no effect', async () => {
    const { read, started } = trackReads();
    const reader = new AbortController();
    const answer = read('a', reader.signal);
    started[0]?.resolve('one');
    await answer;
    reader.abort();
    expect(started[0]?.signal.aborted).toBe(false);
  });
});

it('a read is cancelled exactly when its last reader has cancelled, in whatever order readers arrive and cancel', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('arrive', 'cancel'), fc.nat({ max: 5 })), { maxLength: 20 }),
      async steps => {
        const { read, started } = trackReads();
        const controllers = new Map<number, AbortController>();
        const outcomes: Promise<string>[] = [];
        let expectedStarts = 0;
        for (const [step, reader] of steps)
          if (step === 'arrive' && !controllers.has(reader)) {
            if (controllers.size === 0) expectedStarts += 1;
            const controller = new AbortController();
            controllers.set(reader, controller);
            outcomes.push(read('a', controller.signal).catch(() => 'cancelled'));
          } else if (step === 'cancel') {
            controllers.get(reader)?.abort();
            controllers.delete(reader);
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

it('a reader with an earlier deadline stops waiting at that deadline, and the others keep waiting', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { read, started } = trackReads();
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
