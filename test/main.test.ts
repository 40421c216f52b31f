import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listPayouts } from '../src/adapters/graphiql/operations.ts';
import { portOrAny } from '../src/process/free-port.ts';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startHeldLean } from './support/held-lean.ts';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { runProgram } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';
import { freshFolder } from './support/stores.ts';

const secret = 'a-secret-that-nobody-may-read';
const upMessage = /"url":"([^"]+)".*gateway is up/;

function runGateway(leanUrl: string, env: Readonly<Record<string, string>> = {}) {
  return runProgram('main', {
    LEAN_BASE_URL: leanUrl,
    LEAN_API_TOKEN: sandboxCredentials.token,
    AUTH: 'none',
    PORT: '0',
    // With a new store the gateway reads Lean before it sends a payout, for this long.
    PAYOUT_RESEND_AFTER_MS: '1',
    ...env,
  });
}

async function startTestSandbox() {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  return sandbox;
}

describe('the gateway', () => {
  it('does not start without settings, and prints a line for each missing one', async () => {
    const program = runProgram('main', {});
    expect(await program.ended).toEqual([1, null]);
    expect(program.stdout).toBe('');
    expect(program.stderr.trimEnd().split('\n')).toEqual([
      'LEAN_API_TOKEN: is not set; accepted: a bearer token for Lean, or LEAN_CLIENT_ID and LEAN_CLIENT_SECRET instead.',
      'AUTH: is not set; accepted: jwt, none.',
    ]);
  });

  it('prints a line for each wrong setting, without secrets', async () => {
    const program = runProgram('main', {
      LEAN_API_TOKEN: `${secret} with blanks`,
      LEAN_BASE_URL: `https://user:${secret}@lean.example`,
      PORT: '70000',
      GRAPHIQL: 'yes',
      AUTH: 'none',
    });
    expect(await program.ended).toEqual([1, null]);
    const lines = program.stderr.trimEnd().split('\n');
    expect(lines.map(line => line.split(':', 1)[0])).toEqual([
      'LEAN_BASE_URL',
      'LEAN_API_TOKEN',
      'PORT',
      'GRAPHIQL',
    ]);
    expect(program.stderr + program.stdout).not.toContain(secret);
  });

  it('prints one line if its port is in use', async () => {
    const { url } = await startTestSandbox();
    const { port } = new URL(url);
    const program = runGateway(url, { PORT: port, LOG_LEVEL: 'silent' });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr).toBe(`PORT: 127.0.0.1:${port} is in use; accepted: a free port, or 0 for any.\n`);
  });

  it('prints one line if HOST is no address of this machine', async () => {
    for (const host of ['203.0.113.1', 'no-such-host.invalid']) {
      const program = runGateway('http://127.0.0.1:9', { HOST: host, LOG_LEVEL: 'silent' });
      expect(await program.ended).toEqual([1, null]);
      expect(program.stderr).toBe(
        `HOST: "${host}" is not an address of this machine; accepted: an address of this machine, such as 127.0.0.1.\n`,
      );
    }
  });

  it('warns about AUTH=none and about a setting without effect, and never logs credentials', async () => {
    const { url } = await startTestSandbox();
    const program = runGateway(url, { LOG_LEVEL: 'trace', AUTH_ISSUER: 'https://id.example/' });
    const [, gateway = ''] = await program.waitForOutput(upMessage);
    await postOperation(gateway, '{ payouts(first: 1) { nodes { recipient { displayName iban } } } }');
    await program.waitForOutput(/"operation":"listPayouts"/);
    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    expect(program.stdout).toMatch(/"level":40,.*AUTH=none: every caller/);
    expect(program.stdout).toMatch(/"level":40,.*AUTH_ISSUER: has no effect, because AUTH is none/);
    expect(program.stdout + program.stderr).not.toMatch(/sandbox-token|Bearer|AE\d{20}/);
  });

  it('ends with 0 if the collector of its traces cannot be reached', async () => {
    const { url } = await startTestSandbox();
    const program = runGateway(url, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    const [, gateway = ''] = await program.waitForOutput(upMessage);
    await postOperation(gateway, '{ __typename }');
    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    expect(program.stdout + program.stderr).not.toContain('unexpected error');
  });

  it('has written every line of its log when it ends', async () => {
    const { url } = await startTestSandbox();
    const program = runGateway(url);
    const [, gateway = ''] = await program.waitForOutput(upMessage);
    const names = Array.from({ length: 20 }, (_, index) => `Number${String(index)}`);
    await Promise.all(names.map(name => postOperation(gateway, `query ${name} { __typename }`)));
    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    const lines = program.stdout.trimEnd().split('\n');
    const loggedNames = lines.map(line => (JSON.parse(line) as { readonly operation?: string }).operation);
    expect(loggedNames.filter(name => name !== undefined).sort()).toEqual(names.sort());
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with 0 on %s during its start', async signal => {
    // A database that accepts a connection and never responds blocks the start.
    const database = createServer();
    onTestFinished(() => void database.close());
    await once(database.listen(0, '127.0.0.1'), 'listening');
    const { port } = database.address() as AddressInfo;
    const { url } = await startTestSandbox();
    const program = runGateway(url, { DATABASE_URL: `postgres://127.0.0.1:${String(port)}/records` });
    const [socket] = (await once(database, 'connection')) as [Socket];
    program.kill(signal);
    // The gateway goes on starting. The only sign that it handles the signal is that the process still runs.
    await setTimeout(200);
    socket.destroy();
    database.close();
    expect(await program.ended).toEqual([0, null]);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends with 0 on %s after the payout in flight is answered',
    async signal => {
      const held = await startHeldLean();
      onTestFinished(() => held.close());
      const program = runGateway(held.url);
      const [, gateway = ''] = await program.waitForOutput(upMessage);
      const creating = postOperation(gateway, createPayoutDocument, { input: payoutInput('key-1') });
      const atLean = await held.request(0);
      program.kill(signal);
      // A gateway that has received the signal is no longer ready.
      while ((await fetch(new URL('/ready', gateway))).status !== 503);
      // A supervisor may send the signal twice.
      program.kill(signal);
      expect((await fetch(new URL('/ready', gateway))).status).toBe(503);
      atLean.answer(422, { status: 'UNKNOWN_PAYMENT_DESTINATION', message: 'No such destination.' });
      expect((await creating).data).toEqual({ createPayout: { __typename: 'PayoutRejected' } });
      expect(await program.ended).toEqual([0, null]);
      expect(program.stderr).toBe('');
    },
  );
});

it('ends with 1 after an uncaught exception, once the payout in flight is answered', async () => {
  const held = await startHeldLean();
  onTestFinished(() => held.close());
  const bug = 'process.once("SIGUSR2",()=>{Promise.reject(new Error("a.bug"))})';
  const program = runGateway(held.url, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}`,
  });
  const [, gateway = ''] = await program.waitForOutput(upMessage);
  const creating = postOperation(gateway, createPayoutDocument, { input: payoutInput('key-1') });
  const atLean = await held.request(0);
  program.kill('SIGUSR2');
  while ((await fetch(new URL('/ready', gateway))).status !== 503);
  atLean.answer(422, { status: 'UNKNOWN_PAYMENT_DESTINATION', message: 'No such destination.' });
  expect((await creating).data).toEqual({ createPayout: { __typename: 'PayoutRejected' } });
  expect(await program.ended).toEqual([1, null]);
  expect(program.stdout).toContain('a.bug');
  expect(program.stderr).toBe('');
});

describe('npm run dev', () => {
  const freePorts = { PORT: '0', SANDBOX_PORT: '0' };

  it('runs the sandbox and the gateway without credentials until a signal', async () => {
    const program = runProgram('dev', freePorts);
    const [, gateway = ''] = await program.waitForOutput(/GraphiQL +(http:\S+\/graphql) /);
    const [, sandbox = ''] = await program.waitForOutput(/Sandbox +(http:\S+\/sandbox) /);
    expect((await fetch(sandbox)).status).toBe(200);
    const { data, errors } = await postOperation(gateway, listPayouts, { first: 10 });
    expect(errors).toBeUndefined();
    const { nodes } = data?.['payouts'] as { nodes: readonly object[] };
    expect(nodes).toHaveLength(10);
    for (const node of nodes)
      expect(node).toEqual({
        id: expect.any(String) as string,
        amount: { amount: expect.stringMatching(/^\d+(\.\d+)?$/) as string, currency: 'AED' },
        recipient: { displayName: expect.any(String) as string },
        description: expect.any(String) as string,
        outcome: expect.stringMatching(/^(IN_PROGRESS|PAID|NOT_PAID)$/) as string,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        intent: { externalReference: expect.toBeOneOf([expect.any(String), null]) as unknown },
        history: expect.any(Array) as unknown[],
      });
    const events = (nodes as readonly { history: readonly object[] }[]).flatMap(({ history }) => history);
    expect(events).not.toEqual([]);
    for (const event of events)
      expect(event).toEqual({
        leanStatus: expect.stringMatching(/^[A-Z_]+$/) as string,
        publishedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      });
    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    expect(program.stderr).toBe('');
  });

  it('uses other ports if the default ports of REST and MCP are in use', async () => {
    const { url } = await startTestSandbox();
    const { port } = new URL(url);
    expect(await portOrAny(Number(port), '127.0.0.1')).toBe('0');
    expect(await portOrAny(0, '127.0.0.1')).toBe('0');
    const program = runProgram('dev', { ...freePorts, REST_PORT: '0', MCP_PORT: '0' });
    const [, rest = ''] = await program.waitForOutput(/REST +(http:\S+)\/openapi\.json /);
    expect((await fetch(`${rest}/v1/payouts/v1/payments?page_size=1`)).status).toBe(200);
    await program.waitForOutput(/MCP +http:\S+\/mcp /);
  });

  it('ignores the settings for Lean and the store, and warns about each of them', async () => {
    const held = await startHeldLean();
    onTestFinished(() => held.close());
    const program = runProgram('dev', {
      ...freePorts,
      LEAN_BASE_URL: held.url,
      LEAN_CLIENT_ID: 'real',
      LEAN_CLIENT_SECRET: secret,
      DATA_DIR: '/nowhere',
      DATABASE_URL: `postgres://user:${secret}@db.example/payouts`,
    });
    const [, gateway = ''] = await program.waitForOutput(/GraphQL +(http:\S+\/graphql) /);
    expect(await postOperation(gateway, '{ payouts(first: 1) { nodes { id } } }')).toMatchObject({
      status: 200,
    });
    program.kill('SIGINT');
    expect(await program.ended).toEqual([0, null]);
    const warned = program.stdout.matchAll(/"level":40,.*"msg":"(\w+): has no effect, because npm run dev/g);
    expect([...warned].map(([, name]) => name)).toEqual([
      'LEAN_BASE_URL',
      'LEAN_CLIENT_ID',
      'LEAN_CLIENT_SECRET',
      'DATABASE_URL',
      'DATA_DIR',
    ]);
    expect(program.stdout + program.stderr).not.toContain(secret);
  });

  it.each([
    { name: 'a wrong setting', env: { LOG_LEVEL: 'x' } },
    { name: 'a port in use', env: { PORT: 'in use' } },
    { name: 'SIGINT', env: {} },
  ])('leaves no temporary folder when it ends because of $name', async ({ env }) => {
    const folder = await freshFolder();
    const { url } = await startTestSandbox();
    const PORT = 'PORT' in env ? new URL(url).port : '0';
    const program = runProgram('dev', { ...freePorts, ...env, PORT, TMPDIR: folder });
    if (Object.keys(env).length === 0) {
      await program.waitForOutput(/Stop with Ctrl/);
      program.kill('SIGINT');
    }
    expect(await program.ended).toEqual([Object.keys(env).length === 0 ? 0 : 1, null]);
    expect((await readdir(folder)).filter(name => name.startsWith('lean-payouts-'))).toEqual([]);
  });

  it('ends with a line for each wrong setting of the sandbox', async () => {
    const program = runProgram('dev', { SANDBOX_PORT: 'x', SANDBOX_SEED: '-1' });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^SANDBOX_PORT: "x"/),
      expect.stringMatching(/^SANDBOX_SEED: "-1"/),
    ]);
  });

  it('ends with one line if one of its ports is in use', async () => {
    const { url } = await startTestSandbox();
    const { port } = new URL(url);
    for (const [variable, other] of [
      ['PORT', 'SANDBOX_PORT'],
      ['SANDBOX_PORT', 'PORT'],
    ] as const) {
      const program = runProgram('dev', { [variable]: port, [other]: '0' });
      expect(await program.ended).toEqual([1, null]);
      expect(program.stderr).toMatch(
        new RegExp(`^${variable}: 127\\.0\\.0\\.1:${port} is in use[^\\n]*\\n$`),
      );
    }
  });
});

describe('the npm scripts', () => {
  it('run the programs that these tests run', async () => {
    const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts).toMatchObject({
      dev: 'node src/dev.ts',
      start: 'node --max-semi-space-size=16 src/main.ts',
      predev: 'node scripts/check-node.js',
      prestart: 'node scripts/check-node.js',
      pretest: 'node scripts/check-node.js',
    });
  });

  it('print one line on a Node that is too old', async () => {
    const oldVersion = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });";
    const script = new URL('../scripts/check-node.js', import.meta.url).href;
    const ended = promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `${oldVersion} await import(${JSON.stringify(script)});`,
    ]);
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: 'Node 20.20.2 is too old; this program needs Node 22.19 or later.\n',
    });
  });
});
