import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it, onTestFinished } from 'vitest';
import pg from 'pg';
import { sandboxCredentials } from '../src/sandbox/named.ts';
import type { ReceivedRequest } from '../src/sandbox/lean-api/received-request.ts';
import { startLean } from './lean/wiring.ts';
import { completeStore } from './support/complete-store.ts';
import { payoutInput } from './support/payout-input.ts';
import { freshDatabase } from './support/postgres.ts';
import { runProgram } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';

const up = /"url":"([^"]+)".*gateway is up/;
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
 * PostgreSQL may end the session on which a gateway holds its lock: by a time limit for idle sessions, an
 * administrator, or a failover. Other gateways then take the gateway for ended while it is sending.
 */
it('two gateways whose sessions PostgreSQL ends again and again pay each key once', async () => {
  const lean = await startLean({ latencyMs: 300 });
  const url = await freshDatabase(inject('postgresUrl'));
  await completeStore({ url });
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
  const programs = [runProgram('main.ts', env), runProgram('main.ts', env)];
  const gateways = await Promise.all(programs.map(async each => (await each.says(up))[1] ?? ''));

  let paying = true;
  const terminating = (async () => {
    while (paying) {
      await sleep(150);
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lean-payouts-gateway' AND random() < 0.5",
      );
    }
  })();
  /** Intents that were named to callers, by key. */
  const intents = new Map(keys.map(key => [key, new Set<unknown>()]));
  const askOnce = async (key: string): Promise<void> => {
    const input = payoutInput(key, { externalReference: key });
    const answers = await Promise.all(gateways.map(each => postOperation(each, createPayout, { input })));
    for (const { data } of answers) {
      const answer = data?.['createPayout'] as { __typename: string; intentId?: string } | null | undefined;
      if (answer?.__typename === 'PayoutCreated') intents.get(key)?.add(answer.intentId);
    }
  };
  const sends = (): readonly ReceivedRequest[] =>
    lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
  for (let round = 0; round < 4 || sends().length === 0; round += 1) await Promise.all(keys.map(askOnce));
  paying = false;
  await terminating;

  // Once the sessions last, each key that Lean has taken gets its payout.
  const taken = new Set(sends().map(({ idempotencyKey }) => idempotencyKey));
  for (const key of keys) while (taken.has(key) && intents.get(key)?.size === 0) await askOnce(key);
  const posts = Map.groupBy(sends(), ({ idempotencyKey }) => idempotencyKey);
  for (const [key, sent] of posts) expect(sent, `${String(key)} is sent once`).toHaveLength(1);
  for (const [key, named] of intents)
    expect(named.size, `${key} has one intent`).toBe(posts.has(key) ? 1 : 0);
  // The lock is taken again by itself: with nobody asking, both gateways are there again.
  const locks = async (): Promise<number> => {
    const { rows } = await admin.query<{ count: string }>(
      "SELECT count(*) AS count FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    return Number(rows[0]?.count);
  };
  while ((await locks()) < 2) await sleep(100);
  await sleep(3000);
  expect(await locks(), 'the time limit for idle sessions does not end the lock').toBe(2);
});
