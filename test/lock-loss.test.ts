import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it, onTestFinished } from 'vitest';
import pg from 'pg';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';
import type { ReceivedRequest } from '../src/sandbox/lean-api/received-request.ts';
import { startLean } from './lean/fixtures.ts';
import { prepareCompleteStore } from './support/complete-store.ts';
import { payoutInput } from './support/payout-input.ts';
import { freshDatabase } from './support/postgres.ts';
import { runProgram } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';

const startedPattern = /"url":"([^"]+)".*gateway is up/;
const createPayout = /* GraphQL */ `
  mutation ($input: CreatePayoutInput!) {
    createPayout(input: $input) {
      __typename
      ... on PayoutCreated {
        intentId
      }
    }
  }
`;
const keys = Array.from({ length: 25 }, (_, index) => `key-${String(index)}`);

/*
 * PostgreSQL may end the session on which a gateway holds its lock: because of a timeout for idle sessions, an
 * administrator, or a failover. Other gateways then treat the gateway as ended while it is still sending.
 */
it('two gateways pay each key once while PostgreSQL keeps ending their sessions', async () => {
  const lean = await startLean({ latencyMs: 300 });
  const url = await freshDatabase(inject('postgresUrl'));
  await prepareCompleteStore({ url });
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  onTestFinished(() => admin.end());
  await admin.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET idle_session_timeout = '2s'`);
  const env = {
    DATABASE_URL: url,
    LEAN_BASE_URL: lean.url,
    LEAN_API_TOKEN: sandboxCredentials.token,
    AUTH: 'none',
    PORT: '0',
  };
  const programs = [runProgram('main', env), runProgram('main', env)];
  const gateways = await Promise.all(
    programs.map(async each => (await each.waitForOutput(startedPattern))[1] ?? ''),
  );

  let isTerminating = true;
  const termination = (async () => {
    while (isTerminating) {
      await sleep(150);
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lean-payouts-gateway' AND random() < 0.5",
      );
    }
  })();
  /** The intents in the answers, by key. */
  const intents = new Map(keys.map(key => [key, new Set<unknown>()]));
  const requestFromBoth = async (key: string): Promise<void> => {
    const input = payoutInput(key, { externalReference: key });
    const answers = await Promise.all(gateways.map(each => postOperation(each, createPayout, { input })));
    for (const { data } of answers) {
      const answer = data?.['createPayout'] as { __typename: string; intentId?: string } | null | undefined;
      if (answer?.__typename === 'PayoutCreated') intents.get(key)?.add(answer.intentId);
    }
  };
  const sends = (): readonly ReceivedRequest[] =>
    lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
  for (let round = 0; round < 4 || sends().length === 0; round += 1)
    await Promise.all(keys.map(requestFromBoth));
  isTerminating = false;
  await termination;

  // Once the sessions stay open, each key that was sent to Lean gets its payout.
  const sentKeys = new Set(sends().map(({ idempotencyKey }) => idempotencyKey));
  for (const key of keys)
    while (sentKeys.has(key) && intents.get(key)?.size === 0) await requestFromBoth(key);
  const posts = Map.groupBy(sends(), ({ idempotencyKey }) => idempotencyKey);
  for (const [key, sent] of posts) expect(sent, `${String(key)} is sent once`).toHaveLength(1);
  for (const [key, ofKey] of intents)
    expect(ofKey.size, `${key} has one intent`).toBe(posts.has(key) ? 1 : 0);
  // Both gateways acquire their locks again without a request.
  const countLocks = async (): Promise<number> => {
    const { rows } = await admin.query<{ count: string }>(
      "SELECT count(*) AS count FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    return Number(rows[0]?.count);
  };
  while ((await countLocks()) < 2) await sleep(100);
  await sleep(3000);
  expect(await countLocks(), 'the timeout for idle sessions does not end the lock').toBe(2);
});
