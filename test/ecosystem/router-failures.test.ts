import { describe, expect, it, onTestFinished } from 'vitest';
import { errorCodes } from '../../src/errors/error-codes.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import { printSchema } from '../../src/schema/index.ts';
import { startHeldLean } from '../support/held-lean.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';
import { startServer } from '../support/started-server.ts';
import { startFederatedGraph } from './support/federated-graph.ts';
import { routers } from './support/routers.ts';

/**
 * Starts a proxy between the router and the gateway that answers the first `failures` requests with 503.
 * @param forwards whether it forwards these requests to the gateway before
 */
async function startFlakyProxy(target: string, failures: number, forwards: boolean): Promise<string> {
  let seen = 0;
  const { url, close } = await startServer((request, response) => {
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
  onTestFinished(close);
  return `${url}/graphql`;
}

const hives = routers.filter(([name]) => name.startsWith('Hive'));

describe.each(hives)('a mutation that %s repeats after a 503 reaches Lean once', (_router, startRouter) => {
  it.each([
    ['if the gateway did not receive the first requests', false],
    ['if the gateway answered the first requests', true],
  ])('%s', async (_name, forwards) => {
    const gateway = await startListeningGateway();
    onTestFinished(() => gateway.close());
    const url = await startFlakyProxy(gateway.url, 2, forwards);
    const router = await startRouter([{ name: 'payouts', url, sdl: printSchema() }], { retries: 2 });
    onTestFinished(() => router.close());
    const countBefore = gateway.lean.payouts.all().length;
    const { data } = await postOperation(router.url, createPayoutDocument, {
      input: payoutInput('sent-three-times'),
    });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(gateway.lean.payouts.all().length).toBe(countBefore + 1);
    const keys = gateway.lean.requests
      .filter(({ operation }) => operation === 'createPayoutPayment')
      .map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual(['sent-three-times']);
  });
});

/** After an error with another code, such as a router's own, the outcome is unknown to the caller. */
const gatewayCodes = errorCodes.filter(code => code !== 'INTERNAL_SERVER_ERROR');

describe.each(routers)('%s', (name, startRouter) => {
  it('gives up a creation while Lean is slow, and a repetition of the key returns the same payout', async () => {
    const graph = await startFederatedGraph(startRouter, { router: { timeoutMs: 1000 } });
    onTestFinished(() => graph.close());
    const { lean } = graph.gateway;
    const payoutIds = () => lean.payouts.all().map(({ intentId }) => `po_${intentId}`);
    const idsBefore = new Set(payoutIds());
    // Lean answers after three seconds.
    const input = payoutInput('slower-than-the-router', { destinationId: destinations.slow });
    const create = () => graph.run(createPayoutDocument, { input });
    const first = await create();
    expect(first.data?.['createPayout']).toBeUndefined();
    expect(first.errors).toHaveLength(1);
    expect(gatewayCodes).not.toContain(first.errors?.[0]?.extensions?.['code']);
    let last = first;
    await expect
      .poll(async () => (last = await create()).data, { timeout: 60_000, interval: 200 })
      .toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    const { payoutId } = last.data?.['createPayout'] as { readonly payoutId: string };
    expect(payoutIds().filter(id => !idsBefore.has(id))).toEqual([payoutId]);
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
  });

  it('answers other callers after one has disconnected during a query that waits for Lean', async () => {
    const lean = await startHeldLean();
    const graph = await startFederatedGraph(startRouter, {
      gateway: { env: { LEAN_BASE_URL: lean.url, LEAN_TIMEOUT_MS: '120000' } },
    });
    onTestFinished(async () => {
      await graph.close();
      await lean.close();
    });
    const query = '{ payoutIntent(id: "c0000000-0000-4000-8000-000000000001") { id } }';
    const caller = new AbortController();
    const aborted = postOperation(graph.url, query, {}, { headers: graph.headers, signal: caller.signal });
    const held = await lean.request(0);
    caller.abort();
    await expect(aborted).rejects.toThrow();
    if (name !== 'Apollo Gateway') await held.whenDropped();
    const next = graph.run(query.replace('0001', '0002'));
    (await lean.request(1)).answer(404, { status: 'UNKNOWN_PAYMENT_INTENT', message: '' });
    expect((await next).data).toEqual({ payoutIntent: null });
    // Apollo Gateway does not pass on that the caller has disconnected.
    expect(held.dropped).toBe(name !== 'Apollo Gateway');
    held.answer(404, { status: 'UNKNOWN_PAYMENT_INTENT', message: '' });
  });
});
