import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LeanBadAnswer,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanRefused,
  LeanUnreachable,
} from '../../src/errors/lean-errors.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { promised } from '../../src/lean/callbacks.ts';
import type { UpstreamRequest, HttpAnswer, SendOptions } from '../../src/lean/upstream-request.ts';
import { failureOf, later } from './wiring.ts';

const details = { retryable: true };

function answered(status = 200): HttpAnswer {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

/** One that is made up by a test: it can leave as long as it has not been started. */
class FakeExchange implements UpstreamRequest {
  readonly ended: Promise<HttpAnswer>;
  readonly #resolve: (answer: HttpAnswer | Promise<HttpAnswer>) => void;
  readonly #work: () => Promise<HttpAnswer>;
  readonly #reject: (error: unknown) => void;
  #over = false;

  constructor(work: () => Promise<HttpAnswer>, { deadline, signal }: SendOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#work = work;
    if (signal?.aborted === true) this.fail(signal.reason);
    signal?.addEventListener('abort', () => this.fail(signal.reason), { once: true });
    const late = new LeanNotSent('LEAN_TIMEOUT', 'x', details);
    setTimeout(() => this.fail(late), deadline - performance.now()).unref();
  }

  start(): void {
    if (this.#over) return;
    this.#over = true;
    this.#resolve(this.#work());
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#reject(error);
  }
}

function run(lane: Bulkhead, work: () => Promise<HttpAnswer>, options: SendOptions): Promise<HttpAnswer> {
  return promised(receiver => {
    lane.run(new FakeExchange(work, options), receiver);
  });
}

const broken = (): Promise<HttpAnswer> =>
  Promise.reject(new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'x', details));

/** Exchanges that are seen to start, and end when the test says so. */
function exchanges() {
  const running: { readonly name: number; readonly end: (answer: HttpAnswer) => void }[] = [];
  const started: number[] = [];
  let most = 0;
  return {
    started,
    running,
    get most() {
      return most;
    },
    exchange: (name: number) => (): Promise<HttpAnswer> => {
      const { promise, resolve } = Promise.withResolvers<HttpAnswer>();
      started.push(name);
      running.push({ name, end: resolve });
      most = Math.max(most, running.length);
      return promise;
    },
    endOne(): void {
      running.shift()?.end(answered());
    },
  };
}

/** Lets everything run that waits for nothing but its turn. */
function turns(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** A lane whose breaker is open. */
async function openLane(probeAfterMs: number): Promise<Bulkhead> {
  const lane = new Bulkhead({ concurrency: 4, queue: 4, probeAfterMs });
  for (let call = 0; call < 10; call += 1) await failureOf(run(lane, broken, { deadline: later() }));
  expect(lane.open).toBe(true);
  return lane;
}

/** Offers a probe until the lane lets one through, and gives its result. */
async function probe(
  lane: Bulkhead,
  exchange: () => Promise<HttpAnswer>,
): Promise<{ readonly result: Promise<HttpAnswer> }> {
  for (const end = performance.now() + 10_000; performance.now() < end;) {
    let admitted = false;
    const result = run(
      lane,
      () => {
        admitted = true;
        return exchange();
      },
      { deadline: later() },
    );
    result.catch(() => undefined);
    await turns();
    if (admitted) return { result };
  }
  throw new Error('no probe was let through');
}

describe('a lane', () => {
  it('runs no more exchanges side by side than allowed, and all of them in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.nat({ max: 30 }), async (concurrency, count) => {
        const lane = new Bulkhead({ concurrency, queue: 100 });
        const seen = exchanges();
        const all = Array.from({ length: count }, (_, name) =>
          run(lane, seen.exchange(name), { deadline: later() }),
        );
        await turns();
        expect(seen.started).toHaveLength(Math.min(concurrency, count));
        while (seen.running.length > 0) {
          seen.endOne();
          await turns();
        }
        expect(await Promise.all(all)).toHaveLength(count);
        expect(seen.started).toEqual(Array.from({ length: count }, (_, name) => name));
        expect(seen.most).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses at once when the line is full, and says that it may be tried later', async () => {
    const lane = new Bulkhead({ concurrency: 2, queue: 3 });
    const seen = exchanges();
    const all = Array.from({ length: 5 }, (_, name) => run(lane, seen.exchange(name), { deadline: later() }));
    const failure = await failureOf(run(lane, seen.exchange(5), { deadline: later() }));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).not.toBeInstanceOf(LeanUnreachable);
    expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
    while (seen.running.length > 0) {
      seen.endOne();
      await turns();
    }
    await Promise.all(all);
    expect(seen.started).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives a place back when an exchange fails', async () => {
    const lane = new Bulkhead({ concurrency: 1, queue: 5 });
    const fails = (): Promise<HttpAnswer> => Promise.reject(new Error('x'));
    const failing = Array.from({ length: 5 }, () => failureOf(run(lane, fails, { deadline: later() })));
    expect(await run(lane, () => Promise.resolve(answered()), { deadline: later() })).toEqual(answered());
    await Promise.all(failing);
  });
});

describe('who has left the line is never let in', () => {
  it('by the deadline', async () => {
    const lane = new Bulkhead({ concurrency: 1, queue: 5 });
    const seen = exchanges();
    const first = run(lane, seen.exchange(0), { deadline: later() });
    const failure = await failureOf(run(lane, seen.exchange(1), { deadline: performance.now() + 20 }));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    const last = run(lane, seen.exchange(2), { deadline: later() });
    seen.endOne();
    await first;
    await turns();
    seen.endOne();
    await last;
    expect(seen.started).toEqual([0, 2]);
  });

  it('by the signal', async () => {
    const lane = new Bulkhead({ concurrency: 1, queue: 5 });
    const seen = exchanges();
    const first = run(lane, seen.exchange(0), { deadline: later() });
    const leaver = new AbortController();
    const leaving = failureOf(run(lane, seen.exchange(1), { deadline: later(), signal: leaver.signal }));
    const reason = new Error('gone');
    leaver.abort(reason);
    expect(await leaving).toBe(reason);
    seen.endOne();
    await first;
    await turns();
    expect(seen.started).toEqual([0]);
  });

  it('and leaves the place in line to another', async () => {
    const lane = new Bulkhead({ concurrency: 1, queue: 2 });
    const seen = exchanges();
    const first = run(lane, seen.exchange(0), { deadline: later() });
    for (let round = 0; round < 20; round += 1) {
      const leaver = new AbortController();
      const leaving = [1, 2].map(name =>
        failureOf(run(lane, seen.exchange(name), { deadline: later(), signal: leaver.signal })),
      );
      const reason = new Error('gone');
      leaver.abort(reason);
      expect(await Promise.all(leaving)).toEqual([reason, reason]);
    }
    const staying = [3, 4].map(name => run(lane, seen.exchange(name), { deadline: later() }));
    expect(await failureOf(run(lane, seen.exchange(5), { deadline: later() }))).toBeInstanceOf(LeanNotSent);
    while (seen.running.length > 0) {
      seen.endOne();
      await turns();
    }
    await Promise.all([first, ...staying]);
    expect(seen.started).toEqual([0, 3, 4]);
  });

  it('nor who had left before coming, whether there is room or not', async () => {
    const lane = new Bulkhead({ concurrency: 1, queue: 5 });
    const seen = exchanges();
    const reason = new Error('gone');
    const gone = { deadline: later(), signal: AbortSignal.abort(reason) };
    expect(await failureOf(run(lane, seen.exchange(0), gone))).toBe(reason);
    const first = run(lane, seen.exchange(1), { deadline: later() });
    expect(await failureOf(run(lane, seen.exchange(2), gone))).toBe(reason);
    seen.endOne();
    await first;
    await turns();
    expect(seen.started).toEqual([1]);
  });

  it('whenever they leave and whenever places come free', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('come', 'leave', 'end', 'leave and end'), fc.nat({ max: 9 })), {
          maxLength: 30,
        }),
        async steps => {
          const lane = new Bulkhead({ concurrency: 2, queue: 100 });
          const seen = exchanges();
          const callers: { controller: AbortController; outcome?: string }[] = [];
          const leftInLine = new Set<number>();
          for (const [step, who] of steps) {
            if (step === 'come') {
              const controller = new AbortController();
              const caller: { controller: AbortController; outcome?: string } = { controller };
              run(lane, seen.exchange(callers.length), { deadline: later(), signal: controller.signal }).then(
                () => (caller.outcome = 'answered'),
                () => (caller.outcome = 'left'),
              );
              callers.push(caller);
            }
            if (step.includes('leave')) {
              const caller = callers[who];
              if (caller !== undefined && !seen.started.includes(who)) {
                caller.controller.abort();
                leftInLine.add(who);
              }
            }
            if (step.includes('end')) seen.endOne();
            if (who % 2 === 0) await turns();
          }
          do {
            seen.endOne();
            await turns();
          } while (seen.running.length > 0);
          expect(callers.map(({ outcome }) => outcome)).toEqual(
            callers.map((_, index) => (leftInLine.has(index) ? 'left' : 'answered')),
          );
          for (const index of leftInLine) expect(seen.started).not.toContain(index);
        },
      ),
    );
  });
});

describe('the breaker', () => {
  const unreachable = (): Promise<HttpAnswer> =>
    Promise.reject(new LeanUnreachable('LEAN_UNAVAILABLE', 'x', details));

  it.each([
    ['broken connections', broken],
    ['connections that do not come about', unreachable],
    ['answers of 500', () => Promise.resolve(answered(500))],
    ['answers of 503', () => Promise.resolve(answered(503))],
  ])('opens after ten %s, and then refuses at once without a call', async (_what, exchange) => {
    const lane = new Bulkhead({ concurrency: 4, queue: 4, probeAfterMs: 600_000 });
    let calls = 0;
    const counted = (): Promise<HttpAnswer> => {
      calls += 1;
      return exchange();
    };
    for (let call = 0; call < 10; call += 1) {
      expect(lane.open).toBe(false);
      await run(lane, counted, { deadline: later() }).catch(() => undefined);
    }
    expect(lane.open).toBe(true);
    for (let call = 0; call < 10; call += 1) {
      const failure = await failureOf(run(lane, counted, { deadline: later() }));
      expect(failure).toBeInstanceOf(LeanNotSent);
      expect(failure).not.toBeInstanceOf(LeanUnreachable);
      expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
    }
    expect(calls).toBe(10);
  });

  it.each([
    ['answers of 404', () => Promise.resolve(answered(404))],
    ['answers of 401', () => Promise.resolve(answered(401))],
    ['answers of 429', () => Promise.resolve(answered(429))],
    ['refusals', () => Promise.reject(new LeanRefused('LEAN_REFUSED', 'x', details))],
    ['callers who leave', () => Promise.reject(new Error('gone'))],
    ['calls that were never sent', () => Promise.reject(new LeanNotSent('LEAN_TIMEOUT', 'x', details))],
  ])('stays closed whatever the number of %s', async (_what, exchange) => {
    const lane = new Bulkhead({ concurrency: 4, queue: 4 });
    for (let call = 0; call < 100; call += 1)
      await run(lane, exchange, { deadline: later() }).catch(() => undefined);
    expect(lane.open).toBe(false);
  });

  it('stays closed while half of the calls succeed', async () => {
    const lane = new Bulkhead({ concurrency: 4, queue: 4 });
    for (let call = 0; call < 100; call += 1) {
      await run(lane, () => Promise.resolve(answered()), { deadline: later() });
      await failureOf(run(lane, broken, { deadline: later() }));
    }
    expect(lane.open).toBe(false);
  });

  it('lets exactly one exchange through as a probe, and refuses the others at once meanwhile', async () => {
    const lane = await openLane(5);
    const seen = exchanges();
    const { result } = await probe(lane, seen.exchange(0));
    for (let call = 1; call < 50; call += 1)
      expect(await failureOf(run(lane, seen.exchange(call), { deadline: later() }))).toBeInstanceOf(
        LeanNotSent,
      );
    expect(seen.started).toEqual([0]);
    seen.endOne();
    expect(await result).toEqual(answered());
    expect(lane.open).toBe(false);
  });

  it.each([200, 404, 429])('closes after one answer of %i', async status => {
    const lane = await openLane(5);
    await (
      await probe(lane, () => Promise.resolve(answered(status)))
    ).result;
    expect(lane.open).toBe(false);
    const all = Array.from({ length: 4 }, () =>
      run(lane, () => Promise.resolve(answered()), { deadline: later() }),
    );
    expect(await Promise.all(all)).toHaveLength(4);
  });

  it('closes after an answer that is too large: Lean is there', async () => {
    const lane = await openLane(5);
    const tooLarge = new LeanBadAnswer('LEAN_BAD_RESPONSE', 'x', details);
    const { result } = await probe(lane, () => Promise.reject(tooLarge));
    expect(await failureOf(result)).toBe(tooLarge);
    expect(lane.open).toBe(false);
  });

  it.each([
    ['breaks', new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'x', details)],
    ['cannot connect', new LeanUnreachable('LEAN_UNAVAILABLE', 'x', details)],
    ['cannot connect in time', new LeanNotSent('LEAN_TIMEOUT', 'x', details)],
    ['is left by its caller', new Error('gone')],
  ])('stays open when the probe %s, which fails as it is', async (_what, error) => {
    const lane = await openLane(5);
    const { result } = await probe(lane, () => Promise.reject(error));
    expect(await failureOf(result)).toBe(error);
    expect(lane.open).toBe(true);
    await (
      await probe(lane, () => Promise.resolve(answered()))
    ).result;
    expect(lane.open).toBe(false);
  });

  it('refuses at once who comes out of the line while a probe is under way', async () => {
    const lane = new Bulkhead({ concurrency: 2, queue: 20, probeAfterMs: 0 });
    const seen = exchanges();
    const failing = Array.from({ length: 10 }, () => failureOf(run(lane, broken, { deadline: later() })));
    const probing = run(lane, seen.exchange(0), { deadline: later() });
    const waiting = failureOf(run(lane, seen.exchange(1), { deadline: later() }));
    await Promise.all(failing);
    expect(await waiting).toBeInstanceOf(LeanNotSent);
    expect(seen.started).toEqual([0]);
    expect(lane.open).toBe(true);
    seen.endOne();
    await probing;
    expect(lane.open).toBe(false);
  });

  it('of one lane leaves the other alone', async () => {
    await openLane(600_000);
    const other = new Bulkhead({ concurrency: 1, queue: 0 });
    expect(other.open).toBe(false);
    expect(await run(other, () => Promise.resolve(answered()), { deadline: later() })).toEqual(answered());
  });
});
