import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { accounts, destinations, examplePayoutId } from '../src/sandbox/fixtures.ts';
import { startTestGateway } from './support/test-gateway.ts';

/** The duration of the test, in ms. A slow machine takes longer, until it has enough answers. */
const soakMs = Number(process.env['SOAK_MS'] ?? 15_000);
const minAnswers = 1000;
const maxConcurrency = 16;
const workers = 12;

const reads = [
  '{ payouts(first: 5) { nodes { id outcome intent { externalReference } history { status } } } }',
  `{ payoutByPayment(paymentId: "${examplePayoutId}") { outcome sender { legalName } history { status } } }`,
  '{ payouts(last: 3) { totalCount nodes { recipient { accountNumber } } } }',
];
const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename } }`;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** The used bytes of the heap after a garbage collection. */
function usedHeap(): number {
  gc();
  return process.memoryUsage().heapUsed;
}

/** A seeded generator of numbers from 0 to 1. */
function createRng(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

it(
  'continuous faults of Lean cause no other errors, no leaked sockets, no leaked memory and no second payout',
  async () => {
    const gateway = await startTestGateway({
      sandbox: { latencyMs: 2 },
      env: { LEAN_TIMEOUT_MS: '400', LEAN_MAX_CONCURRENCY: String(maxConcurrency) },
    });
    for (const fault of [
      { kind: 'drop_before', probability: 0.04 },
      { kind: 'drop_after', probability: 0.02 },
      { kind: 'status', status: 503, probability: 0.04 },
      { kind: 'status', status: 429, probability: 0.02 },
      { kind: 'html', probability: 0.01 },
      { kind: 'truncate', probability: 0.01 },
      { kind: 'broken_json', probability: 0.01 },
      { kind: 'stall', part: 'headers', probability: 0.004 },
      { kind: 'stall', part: 'body', probability: 0.004 },
    ] as const)
      gateway.lean.faults.add(fault);

    const posts = new Map<string, number>();
    const codes = new Set<unknown>();
    let answered = 0;
    let keys = 0;
    let heapAtStart: number | undefined;
    const end = performance.now() + soakMs;
    const work = async (worker: number): Promise<void> => {
      const random = createRng(worker + 1);
      while (performance.now() < end || answered < minAnswers) {
        const isCreation = random() < 0.1;
        const variables = isCreation && {
          input: {
            idempotencyKey: `soak-${String((keys += 1))}`,
            accountId: accounts.operating,
            destinationId: destinations.pays,
            amount: { amount: '1.25', currency: 'AED' },
            description: 'Soak',
          },
        };
        const caller = new AbortController();
        if (random() < 0.1) setImmediate(() => caller.abort());
        try {
          const document = isCreation ? create : (reads[Math.floor(random() * reads.length)] ?? '');
          const { errors } = await gateway.run(document, variables || {}, { signal: caller.signal });
          for (const error of errors ?? []) codes.add(error.extensions?.['code']);
          answered += 1;
        } catch (error) {
          // Only a caller that has aborted its request gets no result.
          expect(caller.signal.aborted, String(error)).toBe(true);
        }
        for (const request of gateway.lean.requests.splice(0))
          if (request.idempotencyKey !== undefined)
            posts.set(request.idempotencyKey, (posts.get(request.idempotencyKey) ?? 0) + 1);
        if (heapAtStart === undefined && answered > 500) heapAtStart = usedHeap();
      }
    };
    await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));

    gateway.lean.faults.clear();
    // The circuit breaker may still be open. Its probes will find that the faults are over.
    await vi.waitFor(async () => expect(await gateway.run(reads[1] ?? '')).not.toHaveProperty('errors'), {
      timeout: 10_000,
    });
    const growthMiB = (usedHeap() - (heapAtStart ?? 0)) / 1024 / 1024;
    expect([...codes].filter(code => !/^LEAN_/.test(String(code)))).toEqual([]);
    expect([...posts.values()].filter(count => count !== 1)).toEqual([]);
    // The sandbox keeps the created payouts, which explains some growth.
    const sandboxMiB = (keys * 4096) / 1024 / 1024;
    expect(growthMiB).toBeLessThan(8 + sandboxMiB);
    expect(await gateway.lean.connections()).toBeLessThanOrEqual(maxConcurrency);
  },
  soakMs + 180_000,
);
