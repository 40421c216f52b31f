import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { accounts, destinations, examplePayoutId } from '../src/sandbox/named.ts';
import { startTestGateway } from './support/test-gateway.ts';

/** How long, in ms. */
const soakMs = Number(process.env['SOAK_MS'] ?? 30_000);
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

/** Bytes in use once everything that is no longer wanted is gone. */
function heap(): number {
  gc();
  return process.memoryUsage().heapUsed;
}

/** A repeatable stand-in for chance. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

it(
  'trouble without a break leaves nothing behind: no stray failure, no socket, no memory, no second payout',
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
    let warm: number | undefined;
    const end = performance.now() + soakMs;
    const work = async (worker: number): Promise<void> => {
      const chance = dice(worker + 1);
      while (performance.now() < end) {
        const pays = chance() < 0.1;
        const variables = pays && {
          input: {
            idempotencyKey: `soak-${String((keys += 1))}`,
            accountId: accounts.operating,
            destinationId: destinations.pays,
            amount: { amount: '1.25', currency: 'AED' },
            description: 'Soak',
          },
        };
        const caller = new AbortController();
        if (chance() < 0.1) setImmediate(() => caller.abort());
        try {
          const document = pays ? create : (reads[Math.floor(chance() * reads.length)] ?? '');
          const { errors } = await gateway.run(document, variables || {}, { signal: caller.signal });
          for (const error of errors ?? []) codes.add(error.extensions?.['code']);
          answered += 1;
        } catch (error) {
          // Whoever leaves gets no answer; nobody else goes without one.
          expect(caller.signal.aborted, String(error)).toBe(true);
        }
        for (const request of gateway.lean.requests.splice(0))
          if (request.idempotencyKey !== undefined)
            posts.set(request.idempotencyKey, (posts.get(request.idempotencyKey) ?? 0) + 1);
        if (warm === undefined && answered > 500) warm = heap();
      }
    };
    await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));

    gateway.lean.faults.clear();
    // The breaker may be open still; it finds out by itself that the trouble is over.
    await vi.waitFor(async () => expect(await gateway.run(reads[1] ?? '')).not.toHaveProperty('errors'), {
      timeout: 10_000,
    });
    const grownMiB = (heap() - (warm ?? 0)) / 1024 / 1024;
    expect(answered).toBeGreaterThan(500);
    expect([...codes].filter(code => !/^LEAN_/.test(String(code)))).toEqual([]);
    expect([...posts.values()].filter(count => count !== 1)).toEqual([]);
    // What the sandbox keeps of the payouts made grows, and so it should.
    const keptMiB = (keys * 4096) / 1024 / 1024;
    expect(grownMiB).toBeLessThan(8 + keptMiB);
    expect(await gateway.lean.connections()).toBeLessThanOrEqual(maxConcurrency);
  },
  soakMs + 60_000,
);
