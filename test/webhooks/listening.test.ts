import { expect, inject, it, onTestFinished } from 'vitest';
import { subscribeBySse } from '../support/event-stream.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { startListeningGateway } from '../support/running-gateway.ts';

const secret = 'webhook-secret';

/** The connections on which gateways receive each other's announcements. */
const listeningConnections = `FROM pg_stat_activity WHERE datname = current_database()
  AND application_name = 'lean-payouts-gateway' AND query = 'LISTEN lean_payout_updates'`;

it('a subscriber of another gateway gets every update after the connections for announcements were terminated', async () => {
  const url = await freshDatabase(inject('postgresUrl'));
  const receiver = await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: secret, DATABASE_URL: url } });
  onTestFinished(() => receiver.close());
  // The second gateway uses the same Lean as the first one.
  const env = { LEAN_WEBHOOK_SECRET: secret, DATABASE_URL: url, LEAN_BASE_URL: receiver.lean.url };
  const other = await startListeningGateway({ env });
  onTestFinished(() => other.close());
  receiver.lean.webhooks.target = { url: `${receiver.origin}/webhooks/lean`, secret };
  const pids = async () => (await query(url, `SELECT pid ${listeningConnections}`)).map(({ pid }) => pid);
  await expect.poll(async () => (await pids()).length, { timeout: 30_000 }).toBe(2);

  const stream = await subscribeBySse(
    other.url,
    'subscription { payoutUpdated { payoutId status payout { outcome } } }',
  );
  const { paymentId } = receiver.lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  expect(await stream.next()).toMatchObject({
    payoutUpdated: { status: 'PENDING_WITH_BANK' },
  });
  const before = await pids();
  const terminated = await query(
    url,
    `SELECT pg_terminate_backend(pid) AS terminated ${listeningConnections}`,
  );
  expect(terminated).toEqual([{ terminated: true }, { terminated: true }]);
  receiver.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
  expect(await stream.next()).toMatchObject({ payoutUpdated: { status: 'ACCEPTED_BY_BANK' } });
  await expect
    .poll(async () => (await pids()).filter(pid => !before.includes(pid)).length, { timeout: 60_000 })
    .toBe(2);
  receiver.lean.payouts.change(paymentId ?? '', { postInitiationStatus: 'PROCESSED' });
  expect(await stream.next()).toMatchObject({ payoutUpdated: { payout: { outcome: 'PAID' } } });
});
