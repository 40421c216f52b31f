import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { payoutsCommand } from '../../src/commands/payouts.ts';
import { openCore } from '../../src/composition/core.ts';
import { openPayoutRecords } from '../../src/composition/store.ts';
import { parseCoreConfig, parseStoreConfig } from '../../src/config/config.ts';
import { leanApplication } from '../../src/lean/application.ts';
import { destinations, sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import type { RunningSandbox } from '../../src/sandbox/sandbox.ts';
import { startLean } from '../lean/fixtures.ts';
import { prepareCompleteStore } from '../support/complete-store.ts';
import { createCrashingCore } from '../support/crashing-core.ts';
import { createTestCore, transfer } from '../support/test-core.ts';
import { startHeldLean } from '../support/held-lean.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { pathOf, runProgram } from '../support/program.ts';
import { postOperation } from '../support/running-gateway.ts';
import { freshFolder, freshStore, openTestStore, storeKinds } from '../support/stores.ts';
import type { StoreConfig } from '../../src/store/open.ts';

const envOf = (store: StoreConfig): Record<string, string> =>
  'url' in store ? { DATABASE_URL: store.url } : { DATA_DIR: store.folder };

/** The Lean application of the sandbox's token. */
const applicationAt = (lean: RunningSandbox): string =>
  leanApplication({ baseUrl: new URL(lean.url), credentials: { token: sandboxCredentials.token } });

/** Runs the command in this process, which takes a fraction of the time of a process of its own. */
async function command(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { text: out, exitCode } = await payoutsCommand(args, {
    openStore: () => openPayoutRecords(parseStoreConfig(env)),
    openCore: () => openCore(parseCoreConfig(env)),
  });
  return { exitCode, out };
}

/** Runs the program with the command. */
async function program(args: readonly string[], env: Readonly<Record<string, string>>) {
  const running = runProgram('main', env, ['payouts', ...args]);
  const [exitCode] = await running.ended;
  return { exitCode, out: running.stdout, error: running.stderr };
}

const lines = (text: string): string[] => text.trimEnd().split('\n');

describe.each(storeKinds)('payouts (%s)', kind => {
  /** A store with a created payout, a batch with one rejected transfer, and a payout whose answer was lost. */
  async function startRecorded() {
    const lean = await startLean();
    const store = await freshStore(kind);
    const { create, createAll } = createTestCore(lean.url, openTestStore(store), {
      application: applicationAt(lean),
    });
    await create('created');
    await createAll('batch', [
      transfer(),
      transfer(destinations.failsAtOnce, { externalReference: 'order-2' }),
    ]);
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('lost', transfer(undefined, { externalReference: 'lost-1' }));
    lean.requests.length = 0;
    return { lean, store, env: envOf(store) };
  }

  it('payouts lists each requested transfer in a line, newest first', async () => {
    const { env } = await startRecorded();
    const { exitCode, out } = await command([], env);
    expect(exitCode).toBe(0);
    const [head = '', ...rows] = lines(out);
    expect(head.split(/ {2,}/)).toEqual([
      'KEY',
      'STATE',
      'AMOUNT',
      'REFERENCE',
      'DESTINATION',
      'LEAN INTENT',
      'REQUESTED',
      'SENT',
    ]);
    expect(rows.map(row => row.split(/ {2,}/).at(-1))).toEqual(['once', 'once', 'once', 'once']);
    expect(rows.map(row => row.split(/ {2,}/).slice(0, 4))).toEqual([
      ['lost', 'unknown', '16.50 AED', 'lost-1'],
      ['batch [0]', 'created', '16.50 AED', 'order-1'],
      ['batch [1]', 'rejected', '16.50 AED', 'order-2'],
      ['created', 'created', '16.50 AED', 'order-1'],
    ]);
  });

  it('payouts filters by --unknown, --since and --limit', async () => {
    const { env } = await startRecorded();
    const keys = async (...args: string[]) =>
      lines((await command(args, env)).out)
        .slice(1)
        .map(row => row.split(' ', 1)[0]);
    expect(await keys('--unknown')).toEqual(['lost']);
    expect(await keys('--since', '1h', '--unknown')).toEqual(['lost']);
    expect((await command(['--since', '2099-01-01'], env)).out).toMatch(/^No matching payouts in .+\.\n$/);
    expect(await keys('--limit', '1')).toEqual(['lost', '', 'Only']);
  });

  it('payouts --json prints JSON with amounts as strings', async () => {
    const { lean, env } = await startRecorded();
    const { out } = await command(['--json', '--unknown'], env);
    expect(JSON.parse(out)).toEqual([
      {
        idempotencyKey: 'lost',
        transferIndex: 0,
        caller: '',
        application: applicationAt(lean),
        state: 'unknown',
        amount: '16.50',
        currency: 'AED',
        accountId: transfer().accountId,
        destinationId: destinations.pays,
        description: 'INV 001',
        externalReference: 'lost-1',
        payoutId: null,
        intentId: null,
        paymentId: null,
        createdAt: expect.stringMatching(/Z$/) as string,
        firstSentAt: expect.stringMatching(/Z$/) as string,
        lastSentAt: expect.stringMatching(/Z$/) as string,
        changedAt: expect.stringMatching(/Z$/) as string,
        sends: 1,
        reason: null,
        finding: null,
        refusal: null,
        sendAllowed: false,
        duplicateIntents: [],
        checks: 0,
        nextCheckAt: expect.stringMatching(/Z$/) as string,
      },
    ]);
    expect(lean.requests).toEqual([]);
  });

  it('resolve finds a payout at Lean, records it, and sends nothing', async () => {
    const { lean, env } = await startRecorded();
    const leanEnv = { ...env, LEAN_BASE_URL: lean.url, LEAN_API_TOKEN: sandboxCredentials.token };
    const found = await command(['resolve', 'lost'], leanEnv);
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.out).toMatch(
      /^lost +created .*\n\nThe outcome is now known from Lean, and is recorded\.\n$/m,
    );
    expect(lean.requests.map(({ method }) => method)).not.toContain('POST');
    expect((await command(['--unknown'], env)).out).toMatch(/^No matching payouts in .+\.\n$/);
    lean.requests.length = 0;
    expect((await command(['resolve', 'created'], leanEnv)).exitCode).toBe(0);
    expect(lean.requests).toEqual([]);
  });

  it('resolve prints the reason if Lean does not have the payout, or cannot be read', async () => {
    const { lean, env } = await startRecorded();
    const leanEnv = { ...env, LEAN_BASE_URL: lean.url, LEAN_API_TOKEN: sandboxCredentials.token };
    lean.payouts.clear();
    const absent = await command(['resolve', 'lost'], leanEnv);
    expect(absent.exitCode).toBe(1);
    expect(absent.out).toMatch(/^lost +unknown .* WAITING absent$/m);
    expect(absent.out).toContain("\nLean's list does not hold the payout yet.\n");
    expect(new Set(lean.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
    lean.faults.add({ kind: 'status', status: 401 });
    const refused = await command(['resolve', 'lost'], leanEnv);
    expect(refused.exitCode).toBe(1);
    // The finding of the read before is kept.
    expect(refused.out).toMatch(/^lost +unknown .* WAITING absent$/m);
    expect(refused.out).toContain("Lean could not be read. (Lean refused the gateway's credentials.)");
  });

  it('resolve shows the payouts at Lean that may be the one', async () => {
    const { lean, env } = await startRecorded();
    const leanEnv = { ...env, LEAN_BASE_URL: lean.url, LEAN_API_TOKEN: sandboxCredentials.token };
    lean.payouts.clear();
    const { intentId } = lean.payouts.add({
      amount: '16.5',
      destinationId: destinations.pays,
      description: 'INV 001',
    });
    const unclear = await command(['resolve', 'lost'], leanEnv);
    expect(unclear.exitCode).toBe(1);
    expect(unclear.out).toMatch(/^lost +unknown .* UNCLEAR look_alike$/m);
    expect(unclear.out).toMatch(new RegExp(`^  ${intentId}  16.5 AED .* may be this one$`, 'm'));
    expect(unclear.out).toContain(
      'Lean has a payout that may be this one and cannot be distinguished from it.',
    );
  });

  it('settle settles a payout as decided, an hour after it was sent', async () => {
    const clock = { agoMs: 3_600_000 };
    const now = () => Date.now() - clock.agoMs;
    const lean = await startLean({ clock: now });
    const store = await freshStore(kind);
    const database = openTestStore(store, { clock: now });
    const { create, client } = createTestCore(lean.url, database, { now, application: applicationAt(lean) });
    await client.listPayouts({ page_number: '0', page_size: '1' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('lost');
    await database.close();
    clock.agoMs = 0;
    const env = { ...envOf(store), LEAN_BASE_URL: lean.url, LEAN_API_TOKEN: sandboxCredentials.token };
    const settling = await command(
      ['settle', 'lost', '--not-paid', '--by', 'Noor', '--reason', 'asked Lean'],
      env,
    );
    expect(settling).toMatchObject({ exitCode: 0 });
    expect(settling.out).toMatch(/^lost +rejected .*\n\nSettled, and the decision is kept\.\n$/m);
    const again = await command(
      ['settle', 'lost', '--not-paid', '--by', 'Noor', '--reason', 'asked Lean'],
      env,
    );
    expect(again.exitCode).toBe(1);
    expect(again.out).toContain('It is settled already. Nothing was changed.');
  });

  it('payouts lists a payout that a crash interrupted as unknown, and resolve settles it', async () => {
    const lean = await startLean();
    const store = await freshStore(kind);
    const core = createCrashingCore(lean.url, store, { application: applicationAt(lean) });
    core.crashAt({ transactions: 3, when: 'before' });
    void core.create('crashed');
    await core.crashed;
    const env = { ...envOf(store), LEAN_BASE_URL: lean.url, LEAN_API_TOKEN: sandboxCredentials.token };
    expect(lines((await command(['--unknown'], env)).out)[1]).toMatch(/^crashed +unknown/);
    expect((await command(['resolve', 'crashed'], env)).exitCode).toBe(0);
  });

  it('the commands run beside a gateway and do not touch a payout that it is sending', async () => {
    const held = await startHeldLean();
    onTestFinished(() => held.close());
    const store = await freshStore(kind);
    await prepareCompleteStore(store);
    const env = {
      ...envOf(store),
      LEAN_BASE_URL: held.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_TIMEOUT_MS: '120000',
    };
    const gateway = runProgram('main', { ...env, AUTH: 'none', PORT: '0' });
    const [, url = ''] = await gateway.waitForOutput(/"url":"([^"]+)".*gateway is up/);
    const paying = postOperation(url, createPayoutDocument, { input: payoutInput('sending') });
    const atLean = await held.request(0);
    expect(lines((await command([], env)).out)[1]).toMatch(/^sending +sent /);
    const resolving = await command(['resolve', 'sending'], env);
    expect(resolving).toMatchObject({
      exitCode: 1,
      out: 'A gateway is sending this payout right now. Try again in a moment.\n',
    });
    atLean.answer(422, { status: 'UNKNOWN_PAYMENT_DESTINATION', message: 'There is no such destination.' });
    expect((await paying).data).toEqual({ createPayout: { __typename: 'PayoutRejected' } });
    expect(lines((await command([], env)).out)[1]).toMatch(/^sending +rejected /);
  });
});

describe('arguments of payouts', () => {
  it.each([
    [['payouts', '--since', 'yesterday'], '--since: "yesterday" is not accepted; accepted: 2026-03-01'],
    [['payouts', '--since', '2026-02-30'], '--since'],
    [
      ['payouts', '--since', '-5d'],
      "payouts: Option '--since' needs a value that does not begin with a dash. See --help.\n",
    ],
    [['payouts', '--limit', '0'], '--limit: "0" is not accepted; accepted: a whole number from 1 to 999999.'],
    [['payouts', '--colour'], "Unknown option '--colour'"],
    [['payouts', 'delete'], 'unknown action "delete"'],
    [['payouts', 'resolve'], 'payouts resolve: requires one idempotency key.'],
    [['payouts', 'resolve', 'a', 'b'], 'payouts resolve: requires one idempotency key.'],
    [['payouts', 'settle', 'a', '--not-paid', '--reason', 'x'], '--by is missing'],
    [
      ['payouts', 'settle', 'a', '--by', 'x', '--reason', 'x'],
      'accepts exactly one of --created INTENT, --not-paid and --send-again.',
    ],
    [['payouts', 'accept-list', '--by', 'x'], '--reason is missing'],
    [
      ['payout'],
      'Unknown command "payout"; accepted: mcp --stdio, payouts, --version, --help, or no command.\nUsage:',
    ],
    [['mcp', '--http'], 'Unknown command "mcp --http"; accepted'],
  ])('%j exits with 2 and prints the reason', async (args, why) => {
    const program = runProgram('main', {}, args);
    expect(await program.ended).toEqual([2, null]);
    expect(program.stderr).toContain(why);
    expect(program.stdout).toBe('');
  });

  it('a failing command exits with 1 and prints a line: no records, no database, no credentials, unknown key', async () => {
    const nowhere = await program([], { DATA_DIR: await freshFolder() });
    expect(nowhere).toMatchObject({ exitCode: 1, out: '' });
    expect(nowhere.error).toMatch(/^DATA_DIR: there are no payout records in [^\n]+\n$/);
    const down = await program([], { DATABASE_URL: 'postgres://me:a-secret@127.0.0.1:9/none' });
    expect(down.exitCode).toBe(1);
    expect(down.error).toMatch(/^The payout store is unavailable: [^\n]*ECONNREFUSED[^\n]*\n$/);
    expect(down.error).not.toContain('a-secret');
    const store = await freshStore('PostgreSQL');
    const unset = await program(['resolve', 'key'], envOf(store));
    expect(unset.error).toMatch(/^LEAN_API_TOKEN: is not set/);
    const unknown = await program(['resolve', 'key'], { ...envOf(store), LEAN_API_TOKEN: 'token' });
    expect(unknown).toMatchObject({
      exitCode: 1,
      out: 'There is no record of the key "key" without a caller (--caller names one).\n',
    });
  });

  it('--help prints the usage', async () => {
    const help = await program(['--help'], {});
    expect(help).toMatchObject({ exitCode: 0, error: '' });
    for (const usage of ['payouts resolve KEY', 'payouts settle KEY', 'payouts accept-list'])
      expect(help.out).toContain(usage);
  });

  it('--help of the program names every action of payouts', async () => {
    const help = runProgram('main', {}, ['--help']);
    expect(await help.ended).toEqual([0, null]);
    for (const action of ['resolve', 'settle', 'accept-list', 'accept-application'])
      expect(help.stdout).toContain(`lean-payouts-gateway payouts ${action}`);
  });

  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as {
      readonly version: string;
    };
    const program = runProgram('main', {}, ['--version']);
    expect(await program.ended).toEqual([0, null]);
    expect(program.stdout).toBe(`${version}\n`);
  });

  it.each([
    ['quietly, with its exit code, if its reader has gone', '| true; exit ${PIPESTATUS[0]}', 0, /^$/],
    [
      'with 1 and a line if its output cannot be written',
      '> /dev/full',
      1,
      /^The output cannot be written: ENOSPC[^\n]*\n$/,
    ],
  ])('a command ends %s', async (_how, redirection, exitCode, problem) => {
    for (const args of ['payouts --help', '--help', '--version']) {
      const child = spawn('bash', ['-c', `"${process.execPath}" "${pathOf('main')}" ${args} ${redirection}`]);
      let errors = '';
      child.stderr.on('data', chunk => (errors += String(chunk)));
      expect(await once(child, 'close')).toEqual([exitCode, null]);
      expect(errors).toMatch(problem);
    }
  });
});
