import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  LeanBadAnswer,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanRefused,
  LeanUnreachable,
} from '../../src/errors/lean-errors.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import type { UpstreamRequest, HttpResponse, SendOptions } from '../../src/lean/upstream-request.ts';
import { failureOf, farDeadline } from './fixtures.ts';

const details = { retryable: true };

function responseOf(status = 200): HttpResponse {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

/** A request whose outcome the test decides. It can be cancelled until it is started. */
class FakeRequest implements UpstreamRequest {
  readonly outcome: Promise<HttpResponse>;
  readonly #resolve: (response: HttpResponse | Promise<HttpResponse>) => void;
  readonly #work: () => Promise<HttpResponse>;
  readonly #reject: (error: unknown) => void;
  #settled = false;

  constructor(work: () => Promise<HttpResponse>, { deadline, signal }: SendOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#work = work;
    if (signal?.aborted === true) this.fail(signal.reason);
    signal?.addEventListener('abort', () => this.fail(signal.reason), { once: true });
    const timeout = new LeanNotSent('LEAN_TIMEOUT', 'x', details);
    setTimeout(() => this.fail(timeout), deadline - performance.now()).unref();
  }

  start(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(this.#work());
  }

  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
  }
}

function run(
  bulkhead: Bulkhead,
  work: () => Promise<HttpResponse>,
  options: SendOptions,
): Promise<HttpResponse> {
  return bulkhead.run(new FakeRequest(work, options));
}

const broken = (): Promise<HttpResponse> =>
  Promise.reject(new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'x', details));

/** Requests that record their start, and end when the test says so. */
function trackRequests() {
  const running: { readonly name: number; readonly end: (response: HttpResponse) => void }[] = [];
  const started: number[] = [];
  let most = 0;
  return {
    started,
    running,
    get most() {
      return most;
    },
    request: (name: number) => (): Promise<HttpResponse> => {
      const { promise, resolve } = Promise.withResolvers<HttpResponse>();
      started.push(name);
      running.push({ name, end: resolve });
      most = Math.max(most, running.length);
      return promise;
    },
    endOne(): void {
      running.shift()?.end(responseOf());
    },
  };
}

/** Lets all pending promises and the next immediates run. */
function nextImmediate(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** A bulkhead whose circuit is open. */
async function openBulkhead(probeAfterMs: number): Promise<Bulkhead> {
  const bulkhead = new Bulkhead({ concurrency: 4, queue: 4, probeAfterMs });
  for (let call = 0; call < 10; call += 1)
    await failureOf(run(bulkhead, broken, { deadline: farDeadline() }));
  expect(bulkhead.open).toBe(true);
  return bulkhead;
}

/** Sends requests until the bulkhead lets one through as the probe, and returns its result. */
async function probe(
  bulkhead: Bulkhead,
  request: () => Promise<HttpResponse>,
): Promise<{ readonly result: Promise<HttpResponse> }> {
  for (const end = performance.now() + 10_000; performance.now() < end;) {
    let started = false;
    const result = run(
      bulkhead,
      () => {
        started = true;
        return request();
      },
      { deadline: farDeadline() },
    );
    result.catch(() => undefined);
    await nextImmediate();
    if (started) return { result };
  }
  throw new Error('no probe was let through');
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a bulkhead', () => {
  it('never runs more requests at once than allowed, and runs all of them in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.nat({ max: 30 }), async (concurrency, count) => {
        const bulkhead = new Bulkhead({ concurrency, queue: 100 });
        const tracked = trackRequests();
        const all = Array.from({ length: count }, (_, name) =>
          run(bulkhead, tracked.request(name), { deadline: farDeadline() }),
        );
        await nextImmediate();
        expect(tracked.started).toHaveLength(Math.min(concurrency, count));
        while (tracked.running.length > 0) {
          tracked.endOne();
          await nextImmediate();
        }
        expect(await Promise.all(all)).toHaveLength(count);
        expect(tracked.started).toEqual(Array.from({ length: count }, (_, name) => name));
        expect(tracked.most).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a request at once when the queue is full, with a retryable error', async () => {
    const bulkhead = new Bulkhead({ concurrency: 2, queue: 3 });
    const tracked = trackRequests();
    const all = Array.from({ length: 5 }, (_, name) =>
      run(bulkhead, tracked.request(name), { deadline: farDeadline() }),
    );
    const failure = await failureOf(run(bulkhead, tracked.request(5), { deadline: farDeadline() }));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).not.toBeInstanceOf(LeanUnreachable);
    expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
    while (tracked.running.length > 0) {
      tracked.endOne();
      await nextImmediate();
    }
    await Promise.all(all);
    expect(tracked.started).toEqual([0, 1, 2, 3, 4]);
  });

  it('releases the slot of a request that fails', async () => {
    const bulkhead = new Bulkhead({ concurrency: 1, queue: 5 });
    const fails = (): Promise<HttpResponse> => Promise.reject(new Error('x'));
    const failing = Array.from({ length: 5 }, () =>
      failureOf(run(bulkhead, fails, { deadline: farDeadline() })),
    );
    expect(await run(bulkhead, () => Promise.resolve(responseOf()), { deadline: farDeadline() })).toEqual(
      responseOf(),
    );
    await Promise.all(failing);
  });
});

describe('a request that was given up before its start', () => {
  it('is never started if its deadline passed in the queue', async () => {
    const bulkhead = new Bulkhead({ concurrency: 1, queue: 5 });
    const tracked = trackRequests();
    const first = run(bulkhead, tracked.request(0), { deadline: farDeadline() });
    const failure = await failureOf(run(bulkhead, tracked.request(1), { deadline: performance.now() + 20 }));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    const last = run(bulkhead, tracked.request(2), { deadline: farDeadline() });
    tracked.endOne();
    await first;
    await nextImmediate();
    tracked.endOne();
    await last;
    expect(tracked.started).toEqual([0, 2]);
  });

  it('is never started if its signal was aborted in the queue', async () => {
    const bulkhead = new Bulkhead({ concurrency: 1, queue: 5 });
    const tracked = trackRequests();
    const first = run(bulkhead, tracked.request(0), { deadline: farDeadline() });
    const controller = new AbortController();
    const cancelled = failureOf(
      run(bulkhead, tracked.request(1), { deadline: farDeadline(), signal: controller.signal }),
    );
    const reason = new Error('gone');
    controller.abort(reason);
    expect(await cancelled).toBe(reason);
    tracked.endOne();
    await first;
    await nextImmediate();
    expect(tracked.started).toEqual([0]);
  });

  it('leaves its place in the queue to another request', async () => {
    const bulkhead = new Bulkhead({ concurrency: 1, queue: 2 });
    const tracked = trackRequests();
    const first = run(bulkhead, tracked.request(0), { deadline: farDeadline() });
    for (let round = 0; round < 20; round += 1) {
      const controller = new AbortController();
      const cancelled = [1, 2].map(name =>
        failureOf(
          run(bulkhead, tracked.request(name), { deadline: farDeadline(), signal: controller.signal }),
        ),
      );
      const reason = new Error('gone');
      controller.abort(reason);
      expect(await Promise.all(cancelled)).toEqual([reason, reason]);
    }
    const waiting = [3, 4].map(name => run(bulkhead, tracked.request(name), { deadline: farDeadline() }));
    expect(await failureOf(run(bulkhead, tracked.request(5), { deadline: farDeadline() }))).toBeInstanceOf(
      LeanNotSent,
    );
    while (tracked.running.length > 0) {
      tracked.endOne();
      await nextImmediate();
    }
    await Promise.all([first, ...waiting]);
    expect(tracked.started).toEqual([0, 3, 4]);
  });

  it('is never started if its signal was aborted before it arrived, whether a slot is free or not', async () => {
    const bulkhead = new Bulkhead({ concurrency: 1, queue: 5 });
    const tracked = trackRequests();
    const reason = new Error('gone');
    const gone = { deadline: farDeadline(), signal: AbortSignal.abort(reason) };
    expect(await failureOf(run(bulkhead, tracked.request(0), gone))).toBe(reason);
    const first = run(bulkhead, tracked.request(1), { deadline: farDeadline() });
    expect(await failureOf(run(bulkhead, tracked.request(2), gone))).toBe(reason);
    tracked.endOne();
    await first;
    await nextImmediate();
    expect(tracked.started).toEqual([1]);
  });

  it('is never started, in whatever order requests arrive, leave and end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('arrive', 'leave', 'end', 'leave and end'), fc.nat({ max: 9 })), {
          maxLength: 30,
        }),
        async steps => {
          const bulkhead = new Bulkhead({ concurrency: 2, queue: 100 });
          const tracked = trackRequests();
          const callers: { controller: AbortController; outcome?: string }[] = [];
          const leftQueue = new Set<number>();
          for (const [step, index] of steps) {
            if (step === 'arrive') {
              const controller = new AbortController();
              const caller: { controller: AbortController; outcome?: string } = { controller };
              run(bulkhead, tracked.request(callers.length), {
                deadline: farDeadline(),
                signal: controller.signal,
              }).then(
                () => (caller.outcome = 'answered'),
                () => (caller.outcome = 'left'),
              );
              callers.push(caller);
            }
            if (step.includes('leave')) {
              const caller = callers[index];
              if (caller !== undefined && !tracked.started.includes(index)) {
                caller.controller.abort();
                leftQueue.add(index);
              }
            }
            if (step.includes('end')) tracked.endOne();
            if (index % 2 === 0) await nextImmediate();
          }
          do {
            tracked.endOne();
            await nextImmediate();
          } while (tracked.running.length > 0);
          expect(callers.map(({ outcome }) => outcome)).toEqual(
            callers.map((_, position) => (leftQueue.has(position) ? 'left' : 'answered')),
          );
          for (const left of leftQueue) expect(tracked.started).not.toContain(left);
        },
      ),
    );
  });
});

describe('the circuit breaker', () => {
  const unreachable = (): Promise<HttpResponse> =>
    Promise.reject(new LeanUnreachable('LEAN_UNAVAILABLE', 'x', details));

  it.each([
    ['broken connections', broken],
    ['failures to connect', unreachable],
    ['responses with status 500', () => Promise.resolve(responseOf(500))],
    ['responses with status 503', () => Promise.resolve(responseOf(503))],
  ])('opens after ten %s, and then refuses requests at once without a call', async (_failure, request) => {
    const bulkhead = new Bulkhead({ concurrency: 4, queue: 4, probeAfterMs: 600_000 });
    let calls = 0;
    const counted = (): Promise<HttpResponse> => {
      calls += 1;
      return request();
    };
    for (let call = 0; call < 10; call += 1) {
      expect(bulkhead.open).toBe(false);
      await run(bulkhead, counted, { deadline: farDeadline() }).catch(() => undefined);
    }
    expect(bulkhead.open).toBe(true);
    for (let call = 0; call < 10; call += 1) {
      const failure = await failureOf(run(bulkhead, counted, { deadline: farDeadline() }));
      expect(failure).toBeInstanceOf(LeanNotSent);
      expect(failure).not.toBeInstanceOf(LeanUnreachable);
      expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
    }
    expect(calls).toBe(10);
  });

  it.each([
    ['responses with status 404', () => Promise.resolve(responseOf(404))],
    ['responses with status 401', () => Promise.resolve(responseOf(401))],
    ['responses with status 429', () => Promise.resolve(responseOf(429))],
    ['refusals', () => Promise.reject(new LeanRefused('LEAN_REFUSED', 'x', details))],
    ['cancelled requests', () => Promise.reject(new Error('gone'))],
    ['requests that were not sent', () => Promise.reject(new LeanNotSent('LEAN_TIMEOUT', 'x', details))],
  ])('stays closed after a hundred %s', async (_outcome, request) => {
    const bulkhead = new Bulkhead({ concurrency: 4, queue: 4 });
    for (let call = 0; call < 100; call += 1)
      await run(bulkhead, request, { deadline: farDeadline() }).catch(() => undefined);
    expect(bulkhead.open).toBe(false);
  });

  it('stays closed while half of the requests succeed', async () => {
    const bulkhead = new Bulkhead({ concurrency: 4, queue: 4 });
    for (let call = 0; call < 100; call += 1) {
      await run(bulkhead, () => Promise.resolve(responseOf()), { deadline: farDeadline() });
      await failureOf(run(bulkhead, broken, { deadline: farDeadline() }));
    }
    expect(bulkhead.open).toBe(false);
  });

  it('lets one request through as the probe, and refuses all others at once until it ends', async () => {
    const bulkhead = await openBulkhead(5);
    const tracked = trackRequests();
    const { result } = await probe(bulkhead, tracked.request(0));
    for (let call = 1; call < 50; call += 1)
      expect(
        await failureOf(run(bulkhead, tracked.request(call), { deadline: farDeadline() })),
      ).toBeInstanceOf(LeanNotSent);
    expect(tracked.started).toEqual([0]);
    tracked.endOne();
    expect(await result).toEqual(responseOf());
    expect(bulkhead.open).toBe(false);
  });

  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])(
    'lets a probe through exactly when its wait has passed, even if the clock is set %s meanwhile',
    async (_way, ms) => {
      vi.useFakeTimers({ toFake: ['Date', 'performance'] });
      const bulkhead = await openBulkhead(1000);
      vi.setSystemTime(Date.now() + ms);
      vi.advanceTimersByTime(999);
      const respond = (): Promise<HttpResponse> => Promise.resolve(responseOf());
      expect(await failureOf(run(bulkhead, respond, { deadline: farDeadline() }))).toBeInstanceOf(
        LeanNotSent,
      );
      vi.advanceTimersByTime(1);
      expect(await run(bulkhead, respond, { deadline: farDeadline() })).toEqual(responseOf());
      expect(bulkhead.open).toBe(false);
    },
  );

  it.each([200, 404, 429])('closes after one response with status %i', async status => {
    const bulkhead = await openBulkhead(5);
    await (
      await probe(bulkhead, () => Promise.resolve(responseOf(status)))
    ).result;
    expect(bulkhead.open).toBe(false);
    const all = Array.from({ length: 4 }, () =>
      run(bulkhead, () => Promise.resolve(responseOf()), { deadline: farDeadline() }),
    );
    expect(await Promise.all(all)).toHaveLength(4);
  });

  it('closes after a response that is too large, because Lean has responded', async () => {
    const bulkhead = await openBulkhead(5);
    const tooLarge = new LeanBadAnswer('x', details);
    const { result } = await probe(bulkhead, () => Promise.reject(tooLarge));
    expect(await failureOf(result)).toBe(tooLarge);
    expect(bulkhead.open).toBe(false);
  });

  it.each([
    ['breaks', new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'x', details)],
    ['cannot connect', new LeanUnreachable('LEAN_UNAVAILABLE', 'x', details)],
    ['cannot connect in time', new LeanNotSent('LEAN_TIMEOUT', 'x', details)],
    ['is cancelled by its caller', new Error('gone')],
  ])('stays open when the probe %s, and the probe fails with that error', async (_case, error) => {
    const bulkhead = await openBulkhead(5);
    const { result } = await probe(bulkhead, () => Promise.reject(error));
    expect(await failureOf(result)).toBe(error);
    expect(bulkhead.open).toBe(true);
    await (
      await probe(bulkhead, () => Promise.resolve(responseOf()))
    ).result;
    expect(bulkhead.open).toBe(false);
  });

  it('refuses a queued request at once if it gets its slot while the probe is in flight', async () => {
    const bulkhead = new Bulkhead({ concurrency: 2, queue: 20, probeAfterMs: 0 });
    const tracked = trackRequests();
    const failing = Array.from({ length: 10 }, () =>
      failureOf(run(bulkhead, broken, { deadline: farDeadline() })),
    );
    const probing = run(bulkhead, tracked.request(0), { deadline: farDeadline() });
    const waiting = failureOf(run(bulkhead, tracked.request(1), { deadline: farDeadline() }));
    await Promise.all(failing);
    expect(await waiting).toBeInstanceOf(LeanNotSent);
    expect(tracked.started).toEqual([0]);
    expect(bulkhead.open).toBe(true);
    tracked.endOne();
    await probing;
    expect(bulkhead.open).toBe(false);
  });

  it('of one bulkhead does not affect another bulkhead', async () => {
    await openBulkhead(600_000);
    const other = new Bulkhead({ concurrency: 1, queue: 0 });
    expect(other.open).toBe(false);
    expect(await run(other, () => Promise.resolve(responseOf()), { deadline: farDeadline() })).toEqual(
      responseOf(),
    );
  });
});
