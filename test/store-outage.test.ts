import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';
import type { RunningSandbox } from '../src/sandbox/sandbox.ts';
import { startLean } from './lean/fixtures.ts';
import { prepareCompleteStore } from './support/complete-store.ts';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { freshDatabase, query, startPostgres } from './support/postgres.ts';
import { commonEnvironment, pathOf, runProgram } from './support/program.ts';
import { postOperation, type OperationResponse } from './support/running-gateway.ts';
import { freshFolder, freshStore, freshStoreEnv, openTestStore, storeKinds } from './support/stores.ts';

/* If the gateway cannot write records, it sends no payouts, and everything else works. */

const startedPattern = /"url":"([^"]+)".*gateway is up/;
const listQuery = '{ payouts(first: 1) { nodes { id } } }';

const environmentFor = (lean: RunningSandbox) => ({
  LEAN_BASE_URL: lean.url,
  LEAN_API_TOKEN: sandboxCredentials.token,
  AUTH: 'none',
  PORT: '0',
});

const pay = (url: string, key: string): Promise<OperationResponse> =>
  postOperation(url, createPayoutDocument, { input: payoutInput(key) });

async function readiness(url: string): Promise<readonly [number, unknown]> {
  const response = await fetch(new URL('/ready', url));
  return [response.status, await response.json()];
}

const isRefused = ({ errors }: OperationResponse): boolean =>
  errors?.[0]?.extensions?.['code'] === 'PAYOUT_STORE_UNAVAILABLE';

/** The keys of all creation requests that Lean has received. */
const keysReceivedBy = (lean: RunningSandbox) =>
  lean.requests.flatMap(({ operation, idempotencyKey }) =>
    operation === 'createPayoutPayment' ? [idempotencyKey] : [],
  );

async function startOwnPostgres() {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.remove());
  return { ...postgres, database: await freshDatabase(postgres.url) };
}

describe('an unavailable database', () => {
  it('an unavailable database prevents payouts, and nothing else, until it is available again', async () => {
    const postgres = await startOwnPostgres();
    const lean = await startLean({ payouts: 10 });
    const program = runProgram('main', {
      ...environmentFor(lean),
      DATABASE_URL: postgres.database,
      PAYOUT_RESEND_AFTER_MS: '1000',
    });
    const [, url = ''] = await program.waitForOutput(startedPattern);
    const answers = new Map<string, OperationResponse>();
    const load = { isOn: true, paid: 0 };
    const payRepeatedly = async (worker: number): Promise<void> => {
      for (let times = 0; load.isOn; times += 1) {
        const key = `key-${String(worker)}-${String(times)}`;
        const answer = await pay(url, key);
        answers.set(key, answer);
        if (answer.data?.['createPayout'] != null) load.paid += 1;
      }
    };
    const workers = [0, 1, 2, 3].map(payRepeatedly);
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
    expect(keysReceivedBy(lean)).not.toContain('key-while-down');
    expect((await postOperation(url, listQuery)).errors).toBeUndefined();

    await postgres.start();
    const before = load.paid;
    await vi.waitFor(() => expect(load.paid).toBeGreaterThan(before + 20), { timeout: 120_000 });
    load.isOn = false;
    await Promise.all(workers);

    // Each key is repeated until its outcome is known. Then Lean has one payout of it.
    for (const key of [...answers.keys(), 'key-while-down'])
      await expect
        .poll(async () => (await pay(url, key)).data, { interval: 500, timeout: 120_000 })
        .toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    const references = lean.payouts.all().map(({ externalReference }) => externalReference);
    for (const key of answers.keys()) expect(references.filter(each => each === key)).toHaveLength(1);
    const recorded = await query(postgres.database, 'SELECT idempotency_key FROM lean_payout_requests');
    const known = new Set(recorded.map(row => row['idempotency_key']));
    for (const key of keysReceivedBy(lean)) expect(known.has(key), `${String(key)} has a record`).toBe(true);
  }, 600_000);

  it('a gateway starts with an unavailable database and pays once it is available', async () => {
    const postgres = await startOwnPostgres();
    await postgres.stop();
    const lean = await startLean({ payouts: 3 });
    const program = runProgram('main', { ...environmentFor(lean), DATABASE_URL: postgres.database });
    const [, url = ''] = await program.waitForOutput(startedPattern);
    expect((await postOperation(url, listQuery)).errors).toBeUndefined();
    expect(isRefused(await pay(url, 'key-1'))).toBe(true);
    await program.waitForOutput(/the payout store is unavailable/);
    expect(await readiness(url)).toEqual([503, { status: 'the payout store is unavailable' }]);
    await postgres.start();
    expect((await pay(url, 'key-1')).data).toMatchObject({
      createPayout: { __typename: 'PayoutCreated' },
    });
    await program.waitForOutput(/the payout store is available again/);
    expect(await readiness(url)).toEqual([200, { status: 'ready' }]);
  }, 600_000);

  it('a gateway with a wrong password or database is not ready, and logs the reason without the password', async () => {
    const database = new URL(await freshDatabase(inject('postgresUrl')));
    const lean = await startLean({ payouts: 1 });
    const wrongPassword = Object.assign(new URL(database), { password: 'wrong-secret' }).href;
    const wrongName = Object.assign(new URL(database), { pathname: '/nowhere' }).href;
    for (const [DATABASE_URL, cause] of [
      [wrongPassword, /"cause":"password authentication failed for user/],
      [wrongName, /"cause":"database \\"nowhere\\" does not exist/],
    ] as const) {
      const program = runProgram('main', { ...environmentFor(lean), DATABASE_URL });
      const [, url = ''] = await program.waitForOutput(startedPattern);
      expect(await readiness(url)).toEqual([503, { status: 'the payout store is unavailable' }]);
      expect(isRefused(await pay(url, 'key-1'))).toBe(true);
      expect(program.stdout).toMatch(cause);
      expect(program.stdout.match(/the payout store is unavailable/g)).toHaveLength(1);
      expect(program.stdout + program.stderr).not.toMatch(/wrong-secret|:password@/);
    }
  });
});

it('a full disk prevents payouts, and nothing else, and one line of the log has the reason', async () => {
  const lean = await startLean({ payouts: 3 });
  // `ulimit -f` limits the size of files, in KiB. Without the trap, SIGXFSZ would kill the process at the limit.
  const folder = await freshFolder();
  await prepareCompleteStore({ folder });
  const limited = `trap '' XFSZ; ulimit -f 200; exec "${process.execPath}" "${pathOf('main')}"`;
  const child = spawn('bash', ['-c', limited], {
    env: {
      ...commonEnvironment(),
      ...environmentFor(lean),
      DATA_DIR: folder,
      REST_PORT: 'off',
      MCP_PORT: 'off',
      LOG_LEVEL: 'info',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', chunk => (output += String(chunk)));
  await vi.waitFor(() => expect(output).toMatch(startedPattern), { timeout: 120_000 });
  const [, url = ''] = startedPattern.exec(output) ?? [];
  let refused: string | undefined;
  for (let times = 0; times < 2000 && refused === undefined; times += 1) {
    const key = `key-${String(times)}`;
    if (isRefused(await pay(url, key))) refused = key;
  }
  expect(refused).toBeDefined();
  expect(keysReceivedBy(lean)).not.toContain(refused);
  expect((await postOperation(url, listQuery)).errors).toBeUndefined();
  expect(await readiness(url)).toEqual([503, { status: 'the payout store is unavailable' }]);
  await pay(url, 'key-after');
  const lines = output.split('\n').filter(line => line.includes('the payout store is unavailable'));
  expect(lines).toEqual([expect.stringMatching(/"cause":"(database or disk is full|disk I\/O error)"/)]);
}, 600_000);

describe('the start with an invalid store', () => {
  const lean = { LEAN_BASE_URL: 'http://127.0.0.1:9', LEAN_API_TOKEN: 'token', AUTH: 'none', PORT: '0' };

  /** Starts the gateway, expects it to end with code 1, and returns the one line that it writes to stderr. */
  async function startError(env: Record<string, string>): Promise<string> {
    const program = runProgram('main', { ...lean, ...env });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr.trimEnd().split('\n')).toHaveLength(1);
    return program.stderr;
  }

  it('the gateway does not start if its folder cannot be created or written', async () => {
    const file = fileURLToPath(import.meta.url);
    for (const folder of [file, `${file}/below`, '/proc/nowhere', '/proc/no/where'])
      expect(await startError({ DATA_DIR: folder })).toMatch(
        /^DATA_DIR: ".*" cannot be used \(.+\); accepted: a writable folder/,
      );
  });

  it('the gateway does not start if another gateway uses its folder', async () => {
    const { DATA_DIR = '' } = await freshStoreEnv('SQLite');
    const program = runProgram('main', { ...lean, DATA_DIR });
    await program.waitForOutput(startedPattern);
    expect(await startError({ DATA_DIR })).toMatch(
      /^DATA_DIR: .* is in use by another gateway; accepted: a separate folder/,
    );
    program.kill('SIGTERM');
    await program.ended;
    const next = runProgram('main', { ...lean, DATA_DIR });
    await next.waitForOutput(startedPattern);
  }, 600_000);

  it.each(storeKinds)('the gateway does not start if its tables are of a newer version (%s)', async kind => {
    const config = await freshStore(kind);
    const database = openTestStore(config);
    await database.migrate();
    await database.run({ sql: 'UPDATE lean_payouts_schema SET version = 99' });
    await database.close();
    const env: Record<string, string> =
      'url' in config ? { DATABASE_URL: config.url } : { DATA_DIR: config.folder };
    expect(await startError(env)).toMatch(
      /^(DATA_DIR|DATABASE_URL): its tables have version 99, .*; accepted: /,
    );
  });

  it('the gateway does not start with an invalid database address, and does not print it', async () => {
    const message = await startError({ DATABASE_URL: 'mysql://me:a-secret@db.example/payouts' });
    expect(message).toMatch(/^DATABASE_URL: its value is not accepted; accepted: postgres:/);
    expect(message).not.toContain('a-secret');
  });
});
