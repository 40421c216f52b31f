import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGatewayRuntime } from '@graphql-hive/gateway';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { printSchema } from '../../src/schema/index.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { readResponse, startListeningGateway } from '../support/running-gateway.ts';

/**
 * Starts a proxy between the router and the gateway that answers the first `failures` requests with 503.
 * @param forwards whether it forwards these requests to the gateway before
 */
async function startFlakyProxy(target: string, failures: number, forwards: boolean): Promise<string> {
  let seen = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat((await request.toArray()) as Buffer[]).toString();
      seen += 1;
      const fails = seen <= failures;
      // The proxy drops all other headers, as some proxies do.
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
      const forwarded = fails && !forwards ? undefined : await fetch(target, init);
      if (fails || forwarded === undefined) response.writeHead(503).end();
      else
        response
          .writeHead(forwarded.status, { 'content-type': 'application/json' })
          .end(await forwarded.text());
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
}

describe('a mutation that a router repeats after a 503 reaches Lean once', () => {
  it.each([
    ['if the gateway did not receive the first requests', false],
    ['if the gateway answered the first requests', true],
  ])('%s', async (_name, forwards) => {
    const gateway = await startListeningGateway();
    const url = await startFlakyProxy(gateway.url, 2, forwards);
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
    const countBefore = gateway.lean.payouts.all().length;
    const response = await router.fetch('http://router/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({
        query: createPayoutDocument,
        variables: { input: payoutInput('sent-three-times') },
      }),
    });
    const { data } = await readResponse(response as Response);
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(gateway.lean.payouts.all().length).toBe(countBefore + 1);
    const keys = gateway.lean.requests
      .filter(({ operation }) => operation === 'createPayoutPayment')
      .map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual(['sent-three-times']);
  });
});
