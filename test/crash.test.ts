import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sandboxCredentials } from '../src/sandbox/named.ts';
import type { RunningSandbox } from '../src/sandbox/sandbox.ts';
import { startLean } from './lean/wiring.ts';
import { completeStore } from './support/complete-store.ts';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { runProgram, type Program } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';
import { freshStore, stores } from './support/stores.ts';

/*
 * The program itself is killed at each step of a payout, by SIGKILL, and started again: the same call, made again
 * until its outcome is known, gets the payout, and Lean has one.
 */

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 1);
const up = /"url":"([^"]+)".*gateway is up/;

/**
 * Something between the gateway and Lean that can see it killed at a moment that Lean's wire has. Keys do not get
 * through it, so that Lean's own memory of them helps nobody.
 */
async function startWire(lean: RunningSandbox) {
  const wire = { killAt: 'never' as 'never' | 'sent' | 'taken', kill: () => Promise.resolve() };
  const server = createServer((request, response) => {
    delete request.headers['idempotency-key'];
    if (request.method !== 'POST' || wire.killAt === 'never') lean.listener(request, response);
    else if (wire.killAt === 'sent') {
      // Lean has the whole request before it, and never looks at it.
      request.resume().on('end', () => {
        void wire.kill();
      });
    } else {
      // It is taken at once; its answer waits until nobody is there for it.
      const end = response.end.bind(response);
      response.end = ((...args: Parameters<typeof end>) => {
        void wire.kill().then(() => end(...args));
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
  return Object.assign(wire, { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` });
}

const killer = new URL('support/kill-at.ts', import.meta.url).href;

const steps: readonly {
  readonly step: string;
  readonly killAt?: string;
  readonly onWire?: 'sent' | 'taken';
}[] = [
  { step: 'before the record is written', killAt: 'before INSERT INTO lean_payout_requests' },
  { step: 'after the record is written', killAt: 'after INSERT INTO lean_payout_requests' },
  { step: 'once it is marked as sent, with nothing sent', killAt: "after SET state = 'sent'" },
  { step: 'while it is sent', onWire: 'sent' },
  { step: 'once Lean has taken it', onWire: 'taken' },
  { step: 'before the answer is recorded', killAt: 'before intent_id =' },
  { step: 'after the answer is recorded, before it is written', killAt: 'after intent_id =' },
];

describe.each(stores)('a gateway on %s', kind => {
  const envBefore = async (leanUrl: string): Promise<Record<string, string>> => {
    const store = await freshStore(kind);
    await completeStore(store);
    return {
      ...('url' in store ? { DATABASE_URL: store.url } : { DATA_DIR: store.folder }),
      LEAN_BASE_URL: leanUrl,
      LEAN_API_TOKEN: sandboxCredentials.token,
      AUTH: 'none',
      PORT: '0',
      // What may have been sent is sent again when both have passed.
      LEAN_TIMEOUT_MS: '5000',
      PAYOUT_RESEND_AFTER_MS: '1000',
    };
  };

  it.each(steps)('that is killed $step pays once', async ({ killAt, onWire }) => {
    const lean = await startLean();
    const wire = await startWire(lean);
    const env = await envBefore(wire.url);
    for (let round = 0; round < rounds; round += 1) {
      const input = payoutInput(`key-${String(round)}`);
      const mortal = killAt === undefined ? {} : { KILL_AT: killAt, NODE_OPTIONS: `--import=${killer}` };
      const first = runProgram('main.ts', { ...env, ...mortal });
      const [, url = ''] = await first.says(up);
      wire.killAt = onWire ?? 'never';
      wire.kill = async () => {
        first.kill('SIGKILL');
        await first.ended;
      };
      const cut = await postOperation(url, createPayoutDocument, { input }).catch(() => 'cut off');
      expect(cut).toBe('cut off');
      expect(await first.ended).toEqual([null, 'SIGKILL']);
      wire.killAt = 'never';

      const second = runProgram('main.ts', env);
      const [, again = ''] = await second.says(up);
      await expectPaid(again, input);
      expectOnePayout(lean, input.idempotencyKey);
      await stopped(second);
    }
  });

  it('that is killed at any moment pays once', async () => {
    const lean = await startLean({ latencyMs: 20 });
    const wire = await startWire(lean);
    const env = await envBefore(wire.url);
    for (let round = 0; round < rounds * 2; round += 1) {
      const keys = Array.from({ length: 5 }, (_, index) => `key-${String(round)}-${String(index)}`);
      const first = runProgram('main.ts', env);
      const [, url = ''] = await first.says(up);
      const calls = keys.map((key, index) =>
        pause(index * 10)
          .then(() => postOperation(url, createPayoutDocument, { input: payoutInput(key) }))
          .catch(() => undefined),
      );
      await pause(Math.random() * 80);
      first.kill('SIGKILL');
      await Promise.all(calls);
      await first.ended;

      const second = runProgram('main.ts', env);
      const [, again = ''] = await second.says(up);
      await Promise.all(keys.map(key => expectPaid(again, payoutInput(key))));
      for (const key of keys) expectOnePayout(lean, key);
      await stopped(second);
    }
  });
});

/** Repeats a call as callers do: until its outcome is known. */
async function expectPaid(url: string, input: object): Promise<void> {
  await expect
    .poll(async () => (await postOperation(url, createPayoutDocument, { input })).data, {
      interval: 500,
      timeout: 120_000,
    })
    .toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
}

function expectOnePayout(lean: RunningSandbox, key: string): void {
  expect(lean.payouts.all().filter(({ externalReference }) => externalReference === key)).toHaveLength(1);
  const bodies = lean.requests.map(({ body }) => body).filter(body => body.includes(`"${key}"`));
  expect(new Set(bodies).size).toBe(1);
}

async function stopped(program: Program): Promise<void> {
  program.kill('SIGTERM');
  expect(await program.ended).toEqual([0, null]);
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
