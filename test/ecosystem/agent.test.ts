import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { runCommand, startCommand } from '../support/command-line.ts';
import { fencedBlocks } from '../support/fenced-blocks.ts';
import { startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

const source = join(import.meta.dirname, '../../examples/agent');
const readme = await readFile(join(source, 'README.md'), 'utf8');
const [commands = ''] = fencedBlocks(readme, 'sh');
const [output = ''] = fencedBlocks(readme, 'text');
const [install = '', build = '', start = '', ...others] = commands.split('\n');

/** Replaces what differs between runs: keys, intents, times, pauses, and how often the call is repeated. */
const normalize = (text: string): string =>
  text
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b\d+ s(?:econds)?\b/g, 'PAUSE')
    .replace(/( {2}It is unknown.*\n {2}Waiting.*\n)(?: {2}It is unknown.*\n {2}Waiting.*\n)+/, '$1');

describe('examples/agent, as its README says', () => {
  let folder: string;
  let gateway: ListeningGateway;
  let environment: NodeJS.ProcessEnv = {};

  const run = (command: string): Promise<string> => runCommand(command, { cwd: folder, env: environment });
  const creations = () =>
    gateway.lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
  const payouts = () => gateway.lean.payouts.all().filter(({ description }) => description === 'INV 2041');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lean-payouts-agent-'));
    const isOwn = (path: string): boolean =>
      !['node_modules', 'dist', 'payouts.json'].includes(basename(path));
    await cp(source, folder, { recursive: true, filter: isOwn });
    expect(others).toEqual([]);
    await run(install);
    // This also checks the types.
    await run(build);
  });
  afterAll(() => rm(folder, { recursive: true }));

  beforeEach(async () => {
    gateway = await startListeningGateway({
      sandbox: { speed: 100 },
      // The agent waits as long as the gateway says: for the resend delay and the timeout.
      env: { MCP_PORT: '0', LEAN_TIMEOUT_MS: '5000', PAYOUT_RESEND_AFTER_MS: '1000' },
    });
    onTestFinished(() => gateway.close());
    environment = { MCP_URL: gateway.mcpUrl, SANDBOX_URL: gateway.lean.url };
    await rm(join(folder, 'payouts.json'), { force: true });
  });

  it('pays once under one key, although the response was lost, and a second run pays nothing', async () => {
    const first = (await run(start)).replace(/^(?:\n|> .*\n)+/gm, '');
    expect(normalize(first).trim()).toBe(normalize(output));
    expect(creations()).toHaveLength(1);
    expect(payouts()).toHaveLength(1);
    const [payout] = payouts();
    expect(first).toContain(`accepted it as ${payout?.intentId ?? ''}.`);
    const second = await run(start);
    expect(second).not.toContain('unknown');
    expect(second).toContain(`accepted it as ${payout?.intentId ?? ''}.`);
    expect(creations()).toHaveLength(1);
  });

  it('pays once under the same key if it is killed while the outcome is unknown', async () => {
    const agent = startCommand(start, { cwd: folder, env: environment });
    await agent.waitFor('Waiting');
    await agent.stop('SIGKILL');
    const [, key = ''] = /under the key (\S+),/.exec(agent.printed) ?? [];
    const resumed = await run(start);
    expect(resumed).toContain(`under the key ${key},`);
    expect(resumed).toContain('It is paid.');
    expect(creations()).toHaveLength(1);
    expect(payouts()).toHaveLength(1);
  });
});
