import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listPayouts } from '../src/adapters/graphiql/operations.ts';
import { portOrAny } from '../src/process/free-port.ts';
import { sandboxCredentials } from '../src/sandbox/named.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startHeldLean } from './support/held-lean.ts';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { runProgram } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';

const secret = 'a-secret-that-nobody-may-read';
const up = /"url":"([^"]+)".*gateway is up/;

function gatewayBefore(leanUrl: string, env: Readonly<Record<string, string>> = {}) {
  return runProgram('main.ts', {
    LEAN_BASE_URL: leanUrl,
    LEAN_API_TOKEN: sandboxCredentials.token,
    AUTH: 'none',
    PORT: '0',
    // A new store looks for payouts at Lean before it sends them, for this long.
    PAYOUT_RESEND_AFTER_MS: '1',
    ...env,
  });
}

async function anySandbox() {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  return sandbox;
}

describe('the gateway', () => {
  it('does not start with nothing set, and says what is missing, a line each', async () => {
    const program = runProgram('main.ts', {});
    expect(await program.ended).toEqual([1, null]);
    expect(program.stdout).toBe('');
    expect(program.stderr.trimEnd().split('\n')).toEqual([
      'LEAN_API_TOKEN: is not set; accepted: a bearer token for Lean, or LEAN_CLIENT_ID and LEAN_CLIENT_SECRET instead.',
      'AUTH: is not set; accepted: jwt, none.',
    ]);
  });

  it('tells all wrong values together, and no secret among them', async () => {
    const program = runProgram('main.ts', {
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

  it('says in one line that its port is in use', async () => {
    const { url } = await anySandbox();
    const { port } = new URL(url);
    const program = gatewayBefore(url, { PORT: port, LOG_LEVEL: 'silent' });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr).toBe(`PORT: 127.0.0.1:${port} is in use; accepted: a free port, or 0 for any.\n`);
  });

  it('says in one line that its address is none of this machine', async () => {
    const program = gatewayBefore('http://127.0.0.1:9', { HOST: '203.0.113.1', LOG_LEVEL: 'silent' });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr).toMatch(/^HOST: [^\n]+\n$/);
  });

  it('says out loud that it authenticates nobody, and never its credentials', async () => {
    const { url } = await anySandbox();
    const program = gatewayBefore(url, { LOG_LEVEL: 'trace' });
    const [, gateway = ''] = await program.says(up);
    await postOperation(gateway, '{ payouts(first: 1) { nodes { recipient { displayName iban } } } }');
    await program.says(/"operation":"listPayouts"/);
    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    expect(program.stdout).toMatch(/"level":40,.*AUTH=none: every caller/);
    expect(program.stdout + program.stderr).not.toMatch(/sandbox-token|Bearer|AE\d{20}/);
  });

  it('has written every line of its log when it ends, however soon that is', async () => {
    const { url } = await anySandbox();
    const program = gatewayBefore(url);
    const [, gateway = ''] = await program.says(up);
    const names = Array.from({ length: 20 }, (_, index) => `Number${String(index)}`);
    await Promise.all(names.map(name => postOperation(gateway, `query ${name} { __typename }`)));
    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    const lines = program.stdout.trimEnd().split('\n');
    const told = lines.map(line => (JSON.parse(line) as { readonly operation?: string }).operation);
    expect(told.filter(name => name !== undefined).sort()).toEqual(names.sort());
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends by itself on %s also when that comes while it starts',
    async signal => {
      // A database that takes a connection and says nothing holds the start up.
      const database = createServer();
      onTestFinished(() => void database.close());
      await once(database.listen(0, '127.0.0.1'), 'listening');
      const { port } = database.address() as AddressInfo;
      const { url } = await anySandbox();
      const program = gatewayBefore(url, { DATABASE_URL: `postgres://127.0.0.1:${String(port)}/records` });
      const [socket] = (await once(database, 'connection')) as [Socket];
      program.kill(signal);
      // It goes on starting; nothing tells that it has taken notice but that it is still there.
      await setTimeout(200);
      socket.destroy();
      database.close();
      expect(await program.ended).toEqual([0, null]);
    },
  );

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends by itself on %s, once the payout under way is done',
    async signal => {
      const held = await startHeldLean();
      onTestFinished(() => held.close());
      const program = gatewayBefore(held.url);
      const [, gateway = ''] = await program.says(up);
      const creating = postOperation(gateway, createPayoutDocument, { input: payoutInput('key-1') });
      const atLean = await held.request(0);
      program.kill(signal);
      // Only a gateway that has taken notice of the signal is not ready any more.
      while ((await fetch(new URL('/ready', gateway))).status !== 503);
      // Supervisors like to say it twice.
      program.kill(signal);
      expect((await fetch(new URL('/ready', gateway))).status).toBe(503);
      atLean.answer(422, { status: 'UNKNOWN_PAYMENT_DESTINATION', message: 'No such destination.' });
      expect((await creating).data).toEqual({ createPayout: { __typename: 'PayoutRejected' } });
      expect(await program.ended).toEqual([0, null]);
      expect(program.stderr).toBe('');
    },
  );
});

it('ends with 1 by a bug that nobody caught, but not before the payout under way is answered', async () => {
  const held = await startHeldLean();
  onTestFinished(() => held.close());
  const bug = 'process.once("SIGUSR2",()=>{Promise.reject(new Error("a.bug"))})';
  const program = gatewayBefore(held.url, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}`,
  });
  const [, gateway = ''] = await program.says(up);
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
  const free = { PORT: '0', SANDBOX_PORT: '0' };

  it('runs everything on this machine with no credentials, until it is told to stop', async () => {
    const program = runProgram('dev.ts', free);
    const [, gateway = ''] = await program.says(/GraphiQL +(http:\S+\/graphql) /);
    const [, sandbox = ''] = await program.says(/Sandbox +(http:\S+\/sandbox) /);
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

  it('comes up beside whatever has the ports that nobody asked for', async () => {
    const { url } = await anySandbox();
    const { port } = new URL(url);
    expect(await portOrAny(Number(port), '127.0.0.1')).toBe('0');
    expect(await portOrAny(0, '127.0.0.1')).toBe('0');
    const program = runProgram('dev.ts', { ...free, REST_PORT: '0', MCP_PORT: '0' });
    const [, rest = ''] = await program.says(/REST +(http:\S+)\/openapi\.json /);
    expect((await fetch(`${rest}/v1/payouts/v1/payments?page_size=1`)).status).toBe(200);
    await program.says(/MCP +http:\S+\/mcp /);
  });

  it('takes nothing of a Lean that the environment names', async () => {
    const held = await startHeldLean();
    onTestFinished(() => held.close());
    const program = runProgram('dev.ts', {
      ...free,
      LEAN_BASE_URL: held.url,
      LEAN_CLIENT_ID: 'real',
      LEAN_CLIENT_SECRET: secret,
    });
    const [, gateway = ''] = await program.says(/GraphQL +(http:\S+\/graphql) /);
    expect(await postOperation(gateway, '{ payouts(first: 1) { nodes { id } } }')).toMatchObject({
      status: 200,
    });
    program.kill('SIGINT');
    expect(await program.ended).toEqual([0, null]);
  });

  it("stops with a line for each of the sandbox's wrong values", async () => {
    const program = runProgram('dev.ts', { SANDBOX_PORT: 'x', SANDBOX_SEED: '-1' });
    expect(await program.ended).toEqual([1, null]);
    expect(program.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^SANDBOX_PORT: "x"/),
      expect.stringMatching(/^SANDBOX_SEED: "-1"/),
    ]);
  });

  it('stops with one line when one of its ports is in use', async () => {
    const { url } = await anySandbox();
    const { port } = new URL(url);
    for (const [variable, other] of [
      ['PORT', 'SANDBOX_PORT'],
      ['SANDBOX_PORT', 'PORT'],
    ] as const) {
      const program = runProgram('dev.ts', { [variable]: port, [other]: '0' });
      expect(await program.ended).toEqual([1, null]);
      expect(program.stderr).toMatch(
        new RegExp(`^${variable}: 127\\.0\\.0\\.1:${port} is in use[^\\n]*\\n$`),
      );
    }
  });
});

describe('the npm scripts', () => {
  it('run the programs that are tested here', async () => {
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

  it('tell an old Node in one line', async () => {
    const pretend = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });";
    const script = new URL('../scripts/check-node.js', import.meta.url).href;
    const ended = promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `${pretend} await import(${JSON.stringify(script)});`,
    ]);
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: 'Node 20.20.2 is too old; this program needs Node 22.19 or later.\n',
    });
  });
});
