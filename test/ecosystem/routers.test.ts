import { createGatewayRuntime, type GatewayRuntime } from '@graphql-hive/gateway';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId } from '../../src/sandbox/fixtures.ts';
import { printSchema } from '../../src/schema/index.ts';
import {
  accountingSdl,
  isBooked,
  ledgerSdl,
  startAccounting,
  startLedger,
  type Subgraph,
} from '../support/other-subgraphs.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { readResponse, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

function compose(payouts = 'http://payouts', accounting = 'http://accounting', ledger = 'http://ledger') {
  return composeServices([
    { name: 'payouts', url: payouts, typeDefs: parse(printSchema()) },
    { name: 'accounting', url: accounting, typeDefs: parse(accountingSdl) },
    { name: 'ledger', url: ledger, typeDefs: parse(ledgerSdl) },
  ]);
}

describe('the schema', () => {
  it('composes with subgraphs that extend payouts, refer to them, and have their own money and currency types', () => {
    expect(compose().errors).toBeUndefined();
  });

  it('composes without other subgraphs', () => {
    const { errors } = composeServices([
      { name: 'payouts', url: 'http://payouts', typeDefs: parse(printSchema()) },
    ]);
    expect(errors).toBeUndefined();
  });
});

describe('behind a router, in one graph with other subgraphs', () => {
  let gateway: ListeningGateway;
  let accounting: Subgraph;
  let ledger: Subgraph;
  let router: GatewayRuntime;
  beforeAll(async () => {
    [gateway, accounting, ledger] = await Promise.all([
      startListeningGateway(),
      startAccounting(),
      startLedger(),
    ]);
    const { supergraphSdl } = compose(gateway.url, accounting.url, ledger.url);
    router = createGatewayRuntime({ supergraph: supergraphSdl ?? '', logging: false });
  });
  afterAll(async () => {
    await router[Symbol.asyncDispose]();
    await Promise.all([gateway.close(), accounting.close(), ledger.close()]);
  });

  async function runOnRouter(query: string, variables?: object) {
    const response = await router.fetch('http://router/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await readResponse(response as Response);
    return { data, errors };
  }

  it('a payout has the fields that another subgraph adds', async () => {
    const { data, errors } = await runOnRouter(
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

  it('every payout of a list has the fields that another subgraph adds', async () => {
    const { data, errors } = await runOnRouter(
      '{ payouts(first: 20) { nodes { id booked } pageInfo { endCursor } } }',
    );
    expect(errors).toBeUndefined();
    const { nodes } = data?.['payouts'] as { nodes: readonly { id: string; booked: boolean }[] };
    expect(nodes).toHaveLength(20);
    for (const { id, booked } of nodes) expect(booked).toBe(isBooked(id));
  });

  it('a reference from another subgraph is resolved; an unknown id is null, and an invalid id has an error', async () => {
    const { data, errors } = await runOnRouter(`{
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
        extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', argument: 'intentId' }) as object,
      }),
    );
  });

  it('a payout is created once', async () => {
    const { data } = await runOnRouter(createPayoutDocument, { input: payoutInput('through-the-router') });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    const creations = gateway.lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
    expect(creations.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['through-the-router']);
  });

  it('a payout below its intent has the fields that another subgraph adds', async () => {
    const { data } = await runOnRouter(`{ payoutIntent(id: "${exampleIntentId}") { payout { id booked } } }`);
    expect(data).toEqual({ payoutIntent: { payout: { id: payoutIdOf(exampleIntentId), booked: true } } });
  });
});
