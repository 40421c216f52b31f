import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sandboxCredentials } from '../src/sandbox/named.ts';
import type { RunningSandbox } from '../src/sandbox/sandbox.ts';
import { startLean } from './lean/wiring.ts';
import { completeStore } from './support/complete-store.ts';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { freshDatabase, query, startPostgres } from './support/postgres.ts';
import { runProgram } from './support/program.ts';
import { postOperation, type HttpAnswer } from './support/running-gateway.ts';
import { freshFolder, freshStore, freshStoreEnv, opened, stores } from './support/stores.ts';

/* What the gateway does when it cannot record: nothing that moves money. */

const up = /"url":"([^"]+)".*gateway is up/;
const read = '{ payouts(first: 1) { nodes { id } } }';

const envBefore = (lean: RunningSandbox) => ({
  LEAN_BASE_URL: lean.url,
  LEAN_API_TOKEN: sandboxCredentials.token,
  AUTH: 'none',
  PORT: '0',
});

const pay = (url: string, key: string): Promise<HttpAnswer> =>
  postOperation(url, createPayoutDocument, { input: payoutInput(key) });

const isRefused = ({ errors }: HttpAnswer): boolean =>
  errors?.[0]?.extensions?.['code'] === 'PAYOUT_STORE_UNAVAILABLE';

const keysAt = (lean: RunningSandbox) =>
  lean.requests.flatMap(({ operation, idempotencyKey }) =>
    operation === 'createPayoutPayment' ? [idempotencyKey] : [],
  );

async function startOwnPostgres() {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.remove());
  return { ...postgres, database: await freshDatabase(postgres.url) };
}

describe('a database that goes away in the middle of the load', () => {
  it('keeps payouts from being sent, and nothing else, until it is back', async () => {
    const postgres = await startOwnPostgres();
    const lean = await startLean({ payouts: 10 });
    const program = runProgram('main.ts', {
      ...envBefore(lean),
      DATABASE_URL: postgres.database,
      PAYOUT_RESEND_AFTER_MS: '1000',
    });
    const [, url = ''] = await program.says(up);
    const answers = new Map<string, HttpAnswer>();
    const load = { on: true, paid: 0 };
    const paying = async (worker: number): Promise<void> => {
      for (let times = 0; load.on; times += 1) {
        const key = `key-${String(worker)}-${String(times)}`;
        const answer = await pay(url, key);
        answers.set(key, answer);
        if (answer.data?.['createPayout'] != null) load.paid += 1;
      }
    };
    const workers = [0, 1, 2, 3].map(paying);
    await vi.waitFor(() => expect(load.paid).toBeGreaterThan(20), { timeout: 120_000 });

    await postgres.stop();
    await vi.waitFor(() => expect([...answers.values()].filter(isRefused).length).toBeGreaterThan(8), {
      timeout: 120_000,
    });
    const refused = await pay(url, 'key-while-down');
    expect(refused.errors).toMatchObject([
      {
        message: expect.stringContaining('sent nothing to Lean') as string,
        extensions: { code: 'PAYOUT_STORE_UNAVAILABLE' },
      },
    ]);
    expect(keysAt(lean)).not.toContain('key-while-down');
    expect((await postOperation(url, read)).errors).toBeUndefined();

    await postgres.start();
    const before = load.paid;
    await vi.waitFor(() => expect(load.paid).toBeGreaterThan(before + 20), { timeout: 120_000 });
    load.on = false;
    await Promise.all(workers);

    // Whatever came of each in between, repeated until its outcome is known it is there once.
    for (const key of [...answers.keys(), 'key-while-down'])
      await expect
        .poll(async () => (await pay(url, key)).data, { interval: 500, timeout: 120_000 })
        .toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    const references = lean.payouts.all().map(({ externalReference }) => externalReference);
    for (const key of answers.keys()) expect(references.filter(each => each === key)).toHaveLength(1);
    const recorded = await query(postgres.database, 'SELECT idempotency_key FROM lean_payout_requests');
    const known = new Set(recorded.map(row => row['idempotency_key']));
    for (const key of keysAt(lean)) expect(known.has(key), `${String(key)} has a record`).toBe(true);
  }, 600_000);

  it('may be away when the gateway starts', async () => {
    const postgres = await startOwnPostgres();
    await postgres.stop();
    const lean = await startLean({ payouts: 3 });
    const program = runProgram('main.ts', { ...envBefore(lean), DATABASE_URL: postgres.database });
    const [, url = ''] = await program.says(up);
    expect((await postOperation(url, read)).errors).toBeUndefined();
    expect(isRefused(await pay(url, 'key-1'))).toBe(true);
    await program.says(/the payout store is unavailable/);
    await postgres.start();
    expect((await pay(url, 'key-1')).data).toMatchObject({
      createPayout: { __typename: 'PayoutCreated' },
    });
    await program.says(/the payout store is available again/);
  }, 600_000);
});

it('a disk that is full keeps payouts from being sent, and nothing else', async () => {
  const lean = await startLean({ payouts: 3 });
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  // Files beyond this size cannot be written; without the trap the system would end the process for trying.
  const folder = await freshFolder();
  await completeStore({ folder });
  const limited = `trap '' XFSZ; ulimit -f 200; exec "${process.execPath}" "${main}"`;
  const child = spawn('bash', ['-c', limited], {
    env: {
      PATH: process.env['PATH'],
      ...envBefore(lean),
      DATA_DIR: folder,
      REST_PORT: 'off',
      MCP_PORT: 'off',
      LOG_LEVEL: 'info',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (up.test(said)) break;
  }
  child.stdout.resume();
  const [, url = ''] = up.exec(said) ?? [];
  let refused: string | undefined;
  for (let times = 0; times < 2000 && refused === undefined; times += 1) {
    const key = `key-${String(times)}`;
    if (isRefused(await pay(url, key))) refused = key;
  }
  expect(refused).toBeDefined();
  expect(keysAt(lean)).not.toContain(refused);
  expect((await postOperation(url, read)).errors).toBeUndefined();
}, 600_000);

describe('the gateway does not start, and says in a line why', () => {
  const lean = { LEAN_BASE_URL: 'http://127.0.0.1:9', LEAN_API_TOKEN: 'token', AUTH: 'none', PORT: '0' };

  async function refusal(env: Record<string, string>): Promise<string> {
    const program = runProgram('main.ts', { ...lean, ...env });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr.trimEnd().split('\n')).toHaveLength(1);
    return program.stderr;
  }

  it('when its folder cannot be made or written', async () => {
    const file = fileURLToPath(import.meta.url);
    for (const folder of [file, `${file}/below`, '/proc/nowhere', '/proc/no/where'])
      expect(await refusal({ DATA_DIR: folder })).toMatch(
        /^DATA_DIR: ".*" cannot be used \(.+\); accepted: a folder/,
      );
  });

  it('when another gateway has its folder', async () => {
    const { DATA_DIR = '' } = await freshStoreEnv('SQLite');
    const program = runProgram('main.ts', { ...lean, DATA_DIR });
    await program.says(up);
    expect(await refusal({ DATA_DIR })).toMatch(
      /^DATA_DIR: .* is in use by another gateway; accepted: a folder/,
    );
    program.kill('SIGTERM');
    await program.ended;
    const next = runProgram('main.ts', { ...lean, DATA_DIR });
    await next.says(up);
  }, 600_000);

  it.each(stores)('when its tables are those of a newer one (%s)', async kind => {
    const config = await freshStore(kind);
    const database = opened(config);
    await database.prepare();
    await database.run({ sql: 'UPDATE lean_payouts_schema SET version = 99' });
    await database.close();
    const env: Record<string, string> =
      'url' in config ? { DATABASE_URL: config.url } : { DATA_DIR: config.folder };
    expect(await refusal(env)).toMatch(
      /^(DATA_DIR|DATABASE_URL): its tables are of version 99, .*; accepted: /,
    );
  });

  it('when its database has an address that is none, without repeating it', async () => {
    const said = await refusal({ DATABASE_URL: 'mysql://me:a-secret@db.example/payouts' });
    expect(said).toMatch(/^DATABASE_URL: its value is not accepted; accepted: postgres:/);
    expect(said).not.toContain('a-secret');
  });
});
