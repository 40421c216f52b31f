import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGatewayRuntime } from '@graphql-hive/gateway';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { printSchema } from '../../src/schema/index.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { answerOf, startListeningGateway } from '../support/running-gateway.ts';

/** Something between a router and us that answers 503 to the first `failures` requests, having passed them on or not. */
async function startFlakyProxy(target: string, failures: number, passesOn: boolean): Promise<string> {
  let seen = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat((await request.toArray()) as Buffer[]).toString();
      seen += 1;
      const fails = seen <= failures;
      // Headers are dropped on the way, as such things do.
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
      const answer = fails && !passesOn ? undefined : await fetch(target, init);
      if (fails || answer === undefined) response.writeHead(503).end();
      else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
}

describe('a mutation that a router sends again because of a 503', () => {
  it.each([
    ['that came before we had it reaches Lean once', false],
    ['that came after we had answered reaches Lean once, too', true],
  ])('%s', async (_what, passesOn) => {
    const gateway = await startListeningGateway();
    const url = await startFlakyProxy(gateway.url, 2, passesOn);
    const { supergraphSdl } = composeServices([{ name: 'payouts', url, typeDefs: parse(printSchema()) }]);
    const router = createGatewayRuntime({
      supergraph: supergraphSdl ?? '',
      logging: false,
      upstreamRetry: { maxRetries: 2, retryDelay: 1 },
    });
    onTestFinished(async () => {
      await router[Symbol.asyncDispose]();
      await gateway.close();
    });
    const held = gateway.lean.payouts.all().length;
    const response = await router.fetch('http://router/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({
        query: createPayoutDocument,
        variables: { input: payoutInput('sent-three-times') },
      }),
    });
    const { data } = await answerOf(response as Response);
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(gateway.lean.payouts.all().length).toBe(held + 1);
    const keys = gateway.lean.requests
      .filter(({ operation }) => operation === 'createPayoutPayment')
      .map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual(['sent-three-times']);
  });
});
