import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId } from '../../src/sandbox/fixtures.ts';
import { isBooked } from '../support/other-subgraphs.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { startFederatedGraph, type FederatedGraph } from './support/federated-graph.ts';
import { routers } from './support/routers.ts';

describe.each(routers)('behind %s, in one graph with other subgraphs', (_name, startRouter) => {
  let graph: FederatedGraph;
  let requestsBefore = 0;
  beforeAll(async () => {
    // Without the cache each test reads its payouts from Lean.
    graph = await startFederatedGraph(startRouter, { gateway: { env: { READ_CACHE_MB: '0' } } });
  });
  beforeEach(() => {
    requestsBefore = graph.gateway.lean.requests.length;
  });
  afterAll(() => graph.close());

  const received = (operation: string) =>
    graph.gateway.lean.requests.slice(requestsBefore).filter(request => request.operation === operation);

  const intentIds = (count: number): string[] =>
    graph.gateway.lean.payouts
      .all()
      .slice(0, count)
      .map(({ intentId }) => intentId);

  it('a payout has the fields that another subgraph adds', async () => {
    const { data, errors } = await graph.run(
      `query ($id: ID!) { payout(id: $id) { id amount { amount } booked intent { destination { id } } } }`,
      { id: payoutIdOf(exampleIntentId) },
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      payout: {
        id: payoutIdOf(exampleIntentId),
        booked: true,
        amount: { amount: expect.any(String) as string },
        intent: { destination: { id: expect.any(String) as string } },
      },
    });
  });

  it('every payout of a page has the fields that another subgraph adds', async () => {
    const { data, errors } = await graph.run(
      '{ payouts(first: 100) { nodes { id booked } pageInfo { endCursor } } }',
    );
    expect(errors).toBeUndefined();
    const { nodes } = data?.['payouts'] as { nodes: readonly { id: string; booked: boolean }[] };
    expect(nodes).toHaveLength(100);
    for (const { id, booked } of nodes) expect(booked).toBe(isBooked(id));
    expect(received('listPayouts')).toHaveLength(1);
  });

  it('a reference from another subgraph is resolved; an unknown id is null, and an invalid id has an error', async () => {
    const { data, errors } = await graph.run(`{
      ledger { number total { minorUnits } payout { id outcome booked } destination { id status } }
    }`);
    expect(data?.['ledger']).toEqual([
      {
        number: '1',
        total: { minorUnits: 1010 },
        payout: { id: payoutIdOf(exampleIntentId), outcome: 'PAID', booked: true },
        destination: { id: destinations.pays, status: 'ACTIVE' },
      },
      expect.objectContaining({ number: '2', payout: null, destination: null }),
      expect.objectContaining({ number: '3', payout: null }),
    ]);
    expect(errors).toContainEqual(
      expect.objectContaining({
        path: expect.arrayContaining(['ledger', 2, 'payout']) as unknown[],
        extensions: expect.objectContaining({
          code: 'BAD_USER_INPUT',
          // A router may combine equal representations, so the index is its own.
          argument: expect.stringMatching(/^representations\.\d+\.intentId$/) as string,
        }) as object,
      }),
    );
  });

  it('a payout is created once', async () => {
    const { data } = await graph.run(createPayoutDocument, { input: payoutInput('through-the-router') });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(received('createPayoutPayment')).toHaveLength(1);
  });

  it('a payout below its intent has the fields that another subgraph adds', async () => {
    const { data } = await graph.run(`{ payoutIntent(id: "${exampleIntentId}") { payout { id booked } } }`);
    expect(data).toEqual({ payoutIntent: { payout: { id: payoutIdOf(exampleIntentId), booked: true } } });
  });

  it('the same 130 payouts in two lists cost one Lean call each', async () => {
    const ids = intentIds(130);
    const { data, errors } = await graph.run(
      `query ($ids: [ID!]!) {
        first: entriesOf(intentIds: $ids) { payout { id } }
        second: entriesOf(intentIds: $ids) { payout { id description } }
      }`,
      { ids },
    );
    expect(errors).toBeUndefined();
    const payouts = ids.map(id => ({ payout: { id: payoutIdOf(id) } }));
    expect(data?.['first']).toEqual(payouts);
    expect(data?.['second']).toMatchObject(payouts);
    expect(received('getPayoutIntent')).toHaveLength(130);
  });

  it('290 payouts in a list are all answered', async () => {
    const ids = intentIds(290);
    const { data, errors } = await graph.run(
      'query ($ids: [ID!]!) { entriesOf(intentIds: $ids) { payout { id booked } } }',
      { ids },
    );
    expect(errors).toBeUndefined();
    expect(data?.['entriesOf']).toEqual(
      ids.map(payoutIdOf).map(id => ({ payout: { id, booked: isBooked(id) } })),
    );
    expect(received('getPayoutIntent')).toHaveLength(290);
  });

  it('six different selections of the payouts in a list are answered', async () => {
    const ids = intentIds(3);
    const { data, errors } = await graph.run(
      `query ($ids: [ID!]!) { entriesOf(intentIds: $ids) {
        a: payout { id }
        b: payout { description }
        c: payout { amount { amount } }
        d: payout { status }
        e: payout { recipient { legalName } }
        f: payout { createdAt }
      } }`,
      { ids },
    );
    expect(errors).toBeUndefined();
    const entries = data?.['entriesOf'] as readonly Record<string, unknown>[];
    expect(entries.map(({ a }) => a)).toEqual(ids.map(id => ({ id: payoutIdOf(id) })));
    for (const entry of entries) expect(Object.values(entry)).not.toContain(null);
  });

  it('a caller without a token is refused by the gateway', async () => {
    const { data, errors } = await graph.run('{ ledger { payout { id } } }', {}, {});
    expect(data?.['ledger']).toContainEqual({ payout: null });
    // Grafbase reports the HTTP status instead of the gateway's error.
    expect(JSON.stringify(errors)).toMatch(/UNAUTHENTICATED|status code: 401/);
    expect(received('getPayoutIntent')).toHaveLength(0);
  });
});
