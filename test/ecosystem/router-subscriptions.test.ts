import { describe, expect, it, onTestFinished } from 'vitest';
import { subscribeBySse } from '../support/event-stream.ts';
import { startFederatedGraph } from './support/federated-graph.ts';
import { routers } from './support/routers.ts';
import { metricOf } from '../support/metric.ts';

const secret = 'webhook-secret';
// The other subgraph returns `booked: true` for an id with this ending.
const paymentId = 'b0000000-0000-4000-8000-00000000bee1';
const intentId = 'c0000000-0000-4000-8000-00000000bee1';
const document = `subscription ($after: String) {
  payoutUpdated(after: $after) { cursor payoutId status payout { outcome booked } }
}`;

const updateOf = (result: unknown) =>
  (result as { readonly payoutUpdated: { readonly cursor: string } }).payoutUpdated;

// Apollo Gateway has no subscriptions.
describe.each(routers.filter(([name]) => name !== 'Apollo Gateway'))('%s', (_name, startRouter) => {
  it('streams updates of payouts with a field of another subgraph, and resumes after a cursor', async () => {
    const graph = await startFederatedGraph(startRouter, {
      gateway: { env: { LEAN_WEBHOOK_SECRET: secret } },
    });
    onTestFinished(() => graph.close());
    const { gateway, url, headers } = graph;
    gateway.lean.webhooks.target = { url: `${gateway.origin}/webhooks/lean`, secret };

    // Grafbase sends the headers of its response with the first update.
    const subscribing = subscribeBySse(url, document, {}, headers);
    await expect
      .poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers'), { timeout: 60_000 })
      .toBe(1);
    gateway.lean.payouts.add({ status: 'PENDING_WITH_BANK', paymentId, intentId });
    const stream = await subscribing;
    const first = updateOf(await stream.next());
    expect(first).toMatchObject({
      payoutId: `po_${intentId}`,
      status: 'PENDING_WITH_BANK',
      payout: { outcome: 'IN_PROGRESS', booked: true },
    });
    stream.close();
    await expect
      .poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers'), { timeout: 60_000 })
      .toBe(0);

    gateway.lean.payouts.change(paymentId, { status: 'ACCEPTED_BY_BANK' });
    gateway.lean.payouts.change(paymentId, { postInitiationStatus: 'PROCESSED' });
    const resumed = await subscribeBySse(url, document, { after: first.cursor }, headers);
    expect(updateOf(await resumed.next())).toMatchObject({ status: 'ACCEPTED_BY_BANK' });
    expect(updateOf(await resumed.next())).toMatchObject({ payout: { outcome: 'PAID', booked: true } });
  });
});
