import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { behaviourFields, defaultBehaviour, parseBehaviour } from '../src/sandbox/lean-api/behaviour.ts';
import { freshFolder } from './support/stores.ts';
import { startTestGateway } from './support/test-gateway.ts';

/*
 * What README shows is what happens: its commands run, its queries answer what it says they do.
 */
const readme = await readFile('README.md', 'utf8');

const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^ *\`\`\`(?:${language})\n(.*?)^ *\`\`\``, 'gms'))].map(([, text = '']) =>
    text.trim(),
  );

/** Each command line. */
const shell = blocks('sh|bash|shell|console|zsh').flatMap(text => text.split('\n'));
/** The commands that a test has run. */
const ran = new Set<string>();
const [query = '', mutation = ''] = blocks('graphql');

const commandWith = (words: string): string => shell.find(command => command.includes(words)) ?? '';

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a command line as it stands in README, less the installation, until it has printed `sign`. */
async function start(
  command: string,
  env: Record<string, string>,
  sign: string,
): Promise<{ readonly printed: string; stop(): void }> {
  ran.add(command);
  const child: ChildProcess = spawn('bash', ['-c', command.replace('npm ci && ', '')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let printed = '';
  for await (const chunk of child.stdout ?? []) {
    printed += String(chunk);
    if (printed.includes(sign)) break;
  }
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  if (printed.includes(sign)) return { printed, stop };
  throw new Error(`${command} ended without printing ${sign}:\n${printed}`);
}

describe('what README says of npm run dev', () => {
  let ports: { readonly gateway: number; readonly rest: number; readonly sandbox: number };
  let dev: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    ports = { gateway: await freePort(), rest: await freePort(), sandbox: await freePort() };
    dev = await start(
      shell[0] ?? '',
      {
        PORT: String(ports.gateway),
        REST_PORT: String(ports.rest),
        MCP_PORT: '0',
        SANDBOX_PORT: String(ports.sandbox),
      },
      'Stop with Ctrl+C',
    );
    expect(dev.printed).toContain(`http://127.0.0.1:${String(ports.gateway)}/graphql`);
  });

  afterAll(() => {
    dev.stop();
  });

  /** Runs a command of README's as it stands there, on the ports of this test. */
  const sh = async (command: string): Promise<string> => {
    ran.add(command);
    const onOurPorts = command
      .replace('localhost:4000', `127.0.0.1:${String(ports.gateway)}`)
      .replace('localhost:8080', `127.0.0.1:${String(ports.rest)}`)
      .replace('localhost:4010', `127.0.0.1:${String(ports.sandbox)}`);
    return (await promisify(execFile)('bash', ['-c', onOurPorts])).stdout;
  };
  const ask = async (document: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${String(ports.gateway)}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: document }),
    });
    return response.json();
  };

  it('its first request from a shell is answered', async () => {
    expect(JSON.parse(await sh(commandWith('localhost:4000')))).toMatchObject({
      data: { payouts: { nodes: [{ outcome: 'PAID' }, { outcome: 'IN_PROGRESS' }] } },
    });
  });

  it('its query has the answer that follows it', async () => {
    expect(await ask(query)).toEqual(JSON.parse(blocks('json')[0] ?? ''));
  });

  it('its REST request is answered by Lean’s own JSON', async () => {
    const answer = JSON.parse(await sh(commandWith('localhost:8080'))) as unknown;
    expect(answer).toMatchObject({ content: [{}, {}], page: { total_elements: 300 } });
  });

  it('its payout is made, and after the fault that it shows its outcome is unknown until it is sent again', async () => {
    expect(await ask(mutation)).toMatchObject({
      data: { createPayout: { __typename: 'PayoutCreated', status: 'CREATED' } },
    });
    await sh(commandWith('/sandbox/faults'));
    const next = mutation.replace('order-4711', 'order-4712');
    expect(await ask(next)).toMatchObject({
      data: { createPayout: { __typename: 'PayoutOutcomeUnknown', reason: 'WAITING' } },
    });
    expect(await ask(next)).toMatchObject({ data: { createPayout: { __typename: 'PayoutCreated' } } });
  });

  it('its sandbox can be less kind, and its command lists the payout whose outcome is unknown for that', async () => {
    const changed = JSON.parse(await sh(commandWith('PUT localhost:4010/sandbox/behaviour'))) as unknown;
    expect(changed).toMatchObject({ references: 'dropped', listingMs: 60_000 });
    await sh(commandWith('/sandbox/faults'));
    const next = mutation.replace('order-4711', 'order-4713');
    expect(await ask(next)).toMatchObject({ data: { createPayout: { __typename: 'PayoutOutcomeUnknown' } } });
    const [, folder = ''] = /DATA_DIR=(\S+)/.exec(dev.printed) ?? [];
    expect(await payouts({ DATA_DIR: folder })).toMatch(/^KEY .*\norder-4713 +unknown +16\.50 AED /m);
    const restored = JSON.parse(await sh(commandWith('DELETE localhost:4010/sandbox/behaviour'))) as unknown;
    expect(restored).toEqual(defaultBehaviour());
    await vi.waitFor(
      async () => {
        expect(await ask(next)).toMatchObject({ data: { createPayout: { __typename: 'PayoutCreated' } } });
      },
      { timeout: 20_000, interval: 500 },
    );
  });

  it('its sandbox sends webhooks elsewhere and changes a payout', async () => {
    expect(JSON.parse(await sh(commandWith('/sandbox/webhooks')))).toMatchObject({
      url: 'http://localhost:8123/',
      faults: { duplicate: 0.1, reorder: 0.1, lose: 0.1 },
    });
    expect(JSON.parse(await sh(commandWith('/change')))).toMatchObject({
      status: 'ACCEPTED_BY_BANK',
      postInitiationStatus: 'REJECTED',
    });
  });
});

/** Runs README's command for payouts; what npm itself says of it is left out. */
async function payouts(env: Record<string, string>): Promise<string> {
  const command = commandWith('npm run payouts');
  ran.add(command);
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { env: { ...process.env, ...env } });
  return stdout.replace(/^\n?(?:> .*\n)+\n?/, '');
}

it('README counts the Lean calls of its query right', async () => {
  const gateway = await startTestGateway({ env: { LEAN_HISTORY_KEY: 'payment_intent_id' } });
  await gateway.run(query);
  expect(gateway.received()).toEqual({ listPayouts: 1, getPayoutIntent: 2, getPayoutPaymentHistory: 2 });
});

it('README’s way to run it against Lean brings it up', async () => {
  const command = commandWith('npm start');
  const env = {
    PORT: '0',
    REST_PORT: '0',
    MCP_PORT: '0',
    LEAN_BASE_URL: 'http://127.0.0.1:9',
    DATA_DIR: await freshFolder(),
  };
  const { stop } = await start(command, env, 'gateway is up');
  onTestFinished(stop);
  expect(await payouts(env)).toMatch(/^None in .+\.\n$/);
});

it('README’s sandbox comes up alone', async () => {
  const { stop } = await start('npm run sandbox', { SANDBOX_PORT: '0' }, 'Control routes');
  stop();
});

it('README shows no other command than those that the tests run', () => {
  // This is what runs this test.
  expect(shell.filter(command => !ran.has(command))).toEqual(['npm ci && npm test']);
});

it('README has a row for every switch of the sandbox, with values that it takes', () => {
  for (const field of behaviourFields) {
    const [, row] = new RegExp(`^\\| \`${field}\` +\\| (.*) \\|$`, 'm').exec(readme) ?? [];
    expect([field, row]).toEqual([field, expect.any(String)]);
    for (const [value] of (row ?? '').matchAll(/(?<=`)\w+(?=`)/g))
      expect(parseBehaviour({ [field]: value })).toEqual({ [field]: value });
  }
});

it('README has a row for every variable that the gateway reads', async () => {
  const example = await readFile('.env.example', 'utf8');
  for (const [, name = ''] of example.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm))
    expect(readme).toContain(`\`${name}\``);
});
