import { createGatewayRuntime } from '@graphql-hive/gateway';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { printSchema } from '../../src/schema/index.ts';
import { subscribeBySse } from '../support/event-stream.ts';
import { accountingSdl, startAccounting } from '../support/other-subgraphs.ts';
import { startListeningGateway } from '../support/running-gateway.ts';

const secret = 'webhook-secret';

/** Starts two subgraphs and a router, which subscribes to them by server-sent events. */
async function start() {
  const [gateway, accounting] = await Promise.all([
    startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: secret } }),
    startAccounting(),
  ]);
  gateway.lean.webhooks.target = { url: `${gateway.origin}/webhooks/lean`, secret };
  const { supergraphSdl } = composeServices([
    { name: 'payouts', url: gateway.url, typeDefs: parse(printSchema()) },
    { name: 'accounting', url: accounting.url, typeDefs: parse(accountingSdl) },
  ]);
  const router = createGatewayRuntime({ supergraph: supergraphSdl ?? '', logging: false });
  const server = createServer((request, response) => void router(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await router[Symbol.asyncDispose]();
    await Promise.all([gateway.close(), accounting.close()]);
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
  return { gateway, url };
}

async function subscribers(origin: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^lean_payouts_subscribers (\d+)$/m.exec(text)?.[1]);
}

it('a router streams updates of payouts, with a field of another subgraph', async () => {
  const { gateway, url } = await start();
  const stream = await subscribeBySse(
    url,
    'subscription { payoutUpdated { payoutId status payout { outcome booked } } }',
  );
  await expect.poll(() => subscribers(gateway.origin)).toBe(1);
  // The other subgraph returns `booked: true` for an id with this ending.
  const paymentId = 'b0000000-0000-4000-8000-00000000bee1';
  const intentId = 'c0000000-0000-4000-8000-00000000bee1';
  gateway.lean.payouts.add({ status: 'PENDING_WITH_BANK', paymentId, intentId });
  expect(await stream.next()).toEqual({
    payoutUpdated: {
      payoutId: `po_${intentId}`,
      status: 'PENDING_WITH_BANK',
      payout: { outcome: 'IN_PROGRESS', booked: true },
    },
  });
  gateway.lean.payouts.change(paymentId, { status: 'ACCEPTED_BY_BANK' });
  expect(await stream.next()).toMatchObject({ payoutUpdated: { status: 'ACCEPTED_BY_BANK' } });
  gateway.lean.payouts.change(paymentId, { postInitiationStatus: 'PROCESSED' });
  expect(await stream.next()).toMatchObject({ payoutUpdated: { payout: { outcome: 'PAID', booked: true } } });
  stream.close();
  await expect.poll(() => subscribers(gateway.origin), { timeout: 20_000 }).toBe(0);
});
