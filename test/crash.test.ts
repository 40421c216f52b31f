import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';
import type { RunningSandbox } from '../src/sandbox/sandbox.ts';
import { startLean } from './lean/fixtures.ts';
import { prepareCompleteStore } from './support/complete-store.ts';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { runProgram, type Program } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';
import { freshStore, storeKinds, type StoreKind } from './support/stores.ts';

/*
 * Kills the program with SIGKILL at each step of a payout and starts it again. The same call, repeated until its outcome
 * is known, gets the payout, and Lean has exactly one.
 */

/** How often each test kills a gateway. */
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 1);
const startedPattern = /"url":"([^"]+)".*gateway is up/;

/**
 * Starts a proxy between the gateway and Lean that can kill the gateway during a request. It removes idempotency keys, so
 * that Lean cannot prevent a double payment.
 */
async function startKillingProxy(lean: RunningSandbox) {
  const proxy = { killAt: 'never' as 'never' | 'sent' | 'accepted', kill: () => Promise.resolve() };
  const server = createServer((request, response) => {
    delete request.headers['idempotency-key'];
    if (request.method !== 'POST' || proxy.killAt === 'never') lean.listener(request, response);
    else if (proxy.killAt === 'sent') {
      // Lean does not get the request.
      request.resume().on('end', () => {
        void proxy.kill();
      });
    } else {
      // Lean accepts the request. Its response is held back until the gateway is dead.
      const end = response.end.bind(response);
      response.end = ((...args: Parameters<typeof end>) => {
        void proxy.kill().then(() => end(...args));
        return response;
      }) as typeof end;
      lean.listener(request, response);
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(proxy, { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` });
}

const killScript = new URL('support/kill-at.ts', import.meta.url).href;

const steps: readonly {
  readonly step: string;
  readonly killAt?: string;
  readonly proxyKillsAt?: 'sent' | 'accepted';
}[] = [
  { step: 'before the record is written', killAt: 'before INSERT INTO lean_payout_requests' },
  { step: 'after the record is written', killAt: 'after INSERT INTO lean_payout_requests' },
  { step: 'after it is recorded as sent', killAt: "after SET state = 'sent'" },
  { step: 'while it is sent', proxyKillsAt: 'sent' },
  { step: 'after Lean has accepted it', proxyKillsAt: 'accepted' },
  { step: 'before the answer is recorded', killAt: 'before intent_id =' },
  { step: 'after the answer is recorded', killAt: 'after intent_id =' },
];

/**
 * Without CRASH_ROUNDS, PostgreSQL is tested only around the send. The random schedules end a gateway within its process
 * at every other transaction, on both databases.
 */
const stepsOn = (kind: StoreKind): typeof steps =>
  kind === 'SQLite' || process.env['CRASH_ROUNDS'] !== undefined
    ? steps
    : steps.filter(({ killAt, proxyKillsAt }) => killAt?.includes("'sent'") || proxyKillsAt === 'accepted');

describe.each(storeKinds)('a killed gateway on %s', kind => {
  const environmentFor = async (leanUrl: string): Promise<Record<string, string>> => {
    const store = await freshStore(kind);
    await prepareCompleteStore(store);
    return {
      ...('url' in store ? { DATABASE_URL: store.url } : { DATA_DIR: store.folder }),
      LEAN_BASE_URL: leanUrl,
      LEAN_API_TOKEN: sandboxCredentials.token,
      AUTH: 'none',
      PORT: '0',
      // A request of unknown outcome is sent again after the sum of both.
      LEAN_TIMEOUT_MS: '3000',
      PAYOUT_RESEND_AFTER_MS: '1000',
    };
  };

  it.each(stepsOn(kind))('a gateway that is killed $step pays once', async ({ killAt, proxyKillsAt }) => {
    const lean = await startLean();
    const proxy = await startKillingProxy(lean);
    const env = await environmentFor(proxy.url);
    for (let round = 0; round < rounds; round += 1) {
      const input = payoutInput(`key-${String(round)}`);
      const killEnv = killAt === undefined ? {} : { KILL_AT: killAt, NODE_OPTIONS: `--import=${killScript}` };
      const first = runProgram('main', { ...env, ...killEnv });
      const [, url = ''] = await first.waitForOutput(startedPattern);
      proxy.killAt = proxyKillsAt ?? 'never';
      proxy.kill = async () => {
        first.kill('SIGKILL');
        await first.ended;
      };
      const result = await postOperation(url, createPayoutDocument, { input }).catch(() => 'cut off');
      expect(result).toBe('cut off');
      expect(await first.ended).toEqual([null, 'SIGKILL']);
      proxy.killAt = 'never';

      const second = runProgram('main', env);
      const [, again = ''] = await second.waitForOutput(startedPattern);
      await expectPaid(again, input);
      expectOnePayout(lean, input.idempotencyKey);
      await stop(second);
    }
  });

  it('a gateway that is killed at a random moment pays once', async () => {
    const lean = await startLean({ latencyMs: 20 });
    const proxy = await startKillingProxy(lean);
    const env = await environmentFor(proxy.url);
    for (let round = 0; round < rounds; round += 1) {
      const keys = Array.from({ length: 5 }, (_, index) => `key-${String(round)}-${String(index)}`);
      const first = runProgram('main', env);
      const [, url = ''] = await first.waitForOutput(startedPattern);
      const calls = keys.map((key, index) =>
        pause(index * 10)
          .then(() => postOperation(url, createPayoutDocument, { input: payoutInput(key) }))
          .catch(() => undefined),
      );
      await pause(Math.random() * 80);
      first.kill('SIGKILL');
      await Promise.all(calls);
      await first.ended;

      const second = runProgram('main', env);
      const [, again = ''] = await second.waitForOutput(startedPattern);
      await Promise.all(keys.map(key => expectPaid(again, payoutInput(key))));
      for (const key of keys) expectOnePayout(lean, key);
      await stop(second);
    }
  });
});

/** Repeats a call until its outcome is known, as clients do. */
async function expectPaid(url: string, input: object): Promise<void> {
  await expect
    .poll(async () => (await postOperation(url, createPayoutDocument, { input })).data, {
      interval: 500,
      timeout: 120_000,
    })
    .toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
}

/** Lean has one payout with the key as its reference, and all sends had the same body. */
function expectOnePayout(lean: RunningSandbox, key: string): void {
  expect(lean.payouts.all().filter(({ externalReference }) => externalReference === key)).toHaveLength(1);
  const bodies = lean.requests.map(({ body }) => body).filter(body => body.includes(`"${key}"`));
  expect(new Set(bodies).size).toBe(1);
}

async function stop(program: Program): Promise<void> {
  program.kill('SIGTERM');
  expect(await program.ended).toEqual([0, null]);
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
