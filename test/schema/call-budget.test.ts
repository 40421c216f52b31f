import { describe, expect, it } from 'vitest';
import { fingerprintOf, writeCursor } from '../../src/payouts/listing/cursor.ts';
import { filterQuery } from '../../src/payouts/listing/payout-filter.ts';
import { startListeningGateway } from '../support/running-gateway.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { examplePayoutId } from '../../src/sandbox/named.ts';

/*
 * No operation makes more Lean calls than one may, however much more it needs than could be told beforehand.
 */

const env = { MAX_UPSTREAM_CALLS: '5' };

/** A cursor whose row is not where it says, so that it has to be looked for in the whole list. */
function forgedCursor(place: number): string {
  const query = filterQuery({});
  const ids = { intentId: 'c0000000-0000-4000-8000-00000000dead', paymentId: null };
  const cursor = { place, total: 300, asOf: null, createdAt: null, ...ids };
  return writeCursor(cursor, fingerprintOf(query));
}

describe('an operation with a limit of 5 Lean calls', () => {
  it('stops after 5 of them where rows of forged cursors are looked for, and says so', async () => {
    const gateway = await startTestGateway({ env });
    const fields = [3, 61, 127, 200, 270].map(
      (place, index) =>
        `p${String(index)}: payouts(first: 1, after: "${forgedCursor(place)}") { nodes { id } }`,
    );
    const { errors } = await gateway.run(`{ ${fields.join(' ')} }`);
    // It has begun five calls when it says so; Lean may not have received all of them yet.
    expect(gateway.lean.requests.length).toBeLessThanOrEqual(5);
    expect(errors?.length).toBeGreaterThan(0);
    for (const error of errors ?? [])
      expect(error).toMatchObject({
        message: expect.stringContaining('limit of 5 Lean calls') as string,
        extensions: { code: 'OPERATION_TOO_EXPENSIVE', maxCost: 5 },
      });
  });

  it.each(['v1', 'ksa'] as const)(
    'stops after 5 of them where outcomes are not in the rows (%s)',
    async profile => {
      const gateway = await startTestGateway({ env, sandbox: { profile } });
      const { errors } = await gateway.run('{ payouts(first: 100) { nodes { id outcome } } }');
      expect(gateway.lean.requests.length).toBeLessThanOrEqual(5);
      expect(new Set(errors?.map(({ extensions }) => extensions['code']))).toEqual(
        // The first five find out that there is no call for it.
        new Set(['NOT_OFFERED_BY_LEAN', 'OPERATION_TOO_EXPENSIVE']),
      );
    },
  );

  it('repeats no call beyond it, and tells what became of the last one', async () => {
    const gateway = await startTestGateway({ env: { MAX_UPSTREAM_CALLS: '2' } });
    gateway.lean.faults.add({ kind: 'status', status: 503 });
    const { errors } = await gateway.run(`{ payoutByPayment(paymentId: "${examplePayoutId}") { id } }`);
    expect(gateway.lean.requests).toHaveLength(2);
    expect(errors).toMatchObject([{ extensions: { code: 'LEAN_UNAVAILABLE' } }]);
  });

  it('has its own budget, whatever others have used', async () => {
    const gateway = await startTestGateway({ env: { MAX_UPSTREAM_CALLS: '1' } });
    for (let times = 0; times < 3; times += 1) {
      const { errors } = await gateway.run(`{ payouts(first: 1) { totalCount } }`);
      expect(errors).toBeUndefined();
    }
  });
});

describe('by REST with a limit of 2 Lean calls', () => {
  it('a call is made twice at most', async () => {
    const gateway = await startListeningGateway({ env: { REST_PORT: '0', MAX_UPSTREAM_CALLS: '2' } });
    try {
      gateway.lean.faults.add({ kind: 'status', status: 503 });
      const answer = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`);
      expect(answer.status).toBe(503);
      expect(gateway.lean.requests.filter(({ operation }) => operation === 'getPayout')).toHaveLength(2);
    } finally {
      await gateway.close();
    }
  });
});
