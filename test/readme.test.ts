import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freshFolder } from './support/stores.ts';
import { startTestGateway } from './support/test-gateway.ts';

/*
 * What README shows is what happens: its commands run, its queries answer what it says they do.
 */
const readme = await readFile('README.md', 'utf8');

const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) =>
    text.trim(),
  );

const shell = blocks('sh');
const [query = '', mutation = ''] = blocks('graphql');

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
    const command = shell.find(text => text.includes('localhost:4000')) ?? '';
    expect(JSON.parse(await sh(command))).toMatchObject({
      data: { payouts: { nodes: [{ outcome: 'PAID' }, { outcome: 'IN_PROGRESS' }] } },
    });
  });

  it('its query has the answer that follows it', async () => {
    expect(await ask(query)).toEqual(JSON.parse(blocks('json')[0] ?? ''));
  });

  it('its REST request is answered by Lean’s own JSON', async () => {
    const command = shell.find(text => text.includes('localhost:8080')) ?? '';
    expect(JSON.parse(await sh(command))).toMatchObject({ content: [{}, {}], page: { total_elements: 300 } });
  });

  it('its payout is made, and after the fault that it shows its outcome is unknown until it is sent again', async () => {
    expect(await ask(mutation)).toMatchObject({
      data: { createPayout: { __typename: 'PayoutCreated', status: 'CREATED' } },
    });
    await sh(shell.find(text => text.includes('/sandbox/faults')) ?? '');
    const next = mutation.replace('order-4711', 'order-4712');
    expect(await ask(next)).toMatchObject({ data: { createPayout: { __typename: 'PayoutOutcomeUnknown' } } });
    const [, folder] = /DATA_DIR=(\S+)/.exec(dev.printed) ?? [];
    const { stdout } = await promisify(execFile)(process.execPath, ['src/main.ts', 'payouts', '--unknown'], {
      env: { ...process.env, DATA_DIR: folder },
    });
    expect(stdout.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/, '2026-11-24T08:30:00Z')).toBe(
      `${blocks('text')[0] ?? ''}\n`,
    );
    expect(await ask(next)).toMatchObject({ data: { createPayout: { __typename: 'PayoutCreated' } } });
  });
});

it('README counts the Lean calls of its query right', async () => {
  const gateway = await startTestGateway({ env: { LEAN_HISTORY_KEY: 'payment_intent_id' } });
  await gateway.run(query);
  expect(gateway.received()).toEqual({ listPayouts: 1, getPayoutIntent: 2, getPayoutPaymentHistory: 2 });
});

it('README’s way to run it against Lean builds it and brings it up', async () => {
  const command = shell.find(text => text.includes('npm start')) ?? '';
  const env = {
    PORT: '0',
    REST_PORT: '0',
    MCP_PORT: '0',
    LEAN_BASE_URL: 'http://127.0.0.1:9',
    DATA_DIR: await freshFolder(),
  };
  const { stop } = await start(command, env, 'gateway is up');
  onTestFinished(stop);
  // What it has built is what its command runs, beside it.
  const list = shell.find(text => text.startsWith('npx ')) ?? '';
  const { stdout } = await promisify(execFile)('bash', ['-c', list], { env: { ...process.env, ...env } });
  expect(stdout).toBe('None.\n');
});

it('README’s sandbox comes up alone', async () => {
  const { stop } = await start('npm run sandbox', { SANDBOX_PORT: '0' }, 'Control routes');
  stop();
});

it('README shows no other command than those that the tests run', () => {
  expect(shell.filter(text => !text.startsWith('curl '))).toEqual([
    'npm ci && npm run dev',
    'npm ci && AUTH=none LEAN_API_TOKEN=your-token npm start',
    'npx lean-payouts-gateway payouts --unknown',
    'npm run sandbox',
    'npm ci && npm test',
  ]);
});

it('README has a row for every variable that the gateway reads', async () => {
  const example = await readFile('.env.example', 'utf8');
  for (const [, name = ''] of example.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm))
    expect(readme).toContain(`\`${name}\``);
});
