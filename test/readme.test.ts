import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { behaviourFields, defaultBehaviour, parseBehaviour } from '../src/sandbox/lean-api/behaviour.ts';
import { runCommand, startCommand, type RunningCommand } from './support/command-line.ts';
import { fencedBlocks } from './support/fenced-blocks.ts';
import { freePorts } from './support/free-port.ts';
import { freshFolder } from './support/stores.ts';
import { startTestGateway } from './support/test-gateway.ts';

/*
 * The commands in README.md, docs/rest.md and docs/sandbox.md run, and the queries in README.md return the results that
 * it shows.
 */
const commandPages = ['README.md', 'docs/rest.md', 'docs/sandbox.md'];
const text = (await Promise.all(commandPages.map(page => readFile(page, 'utf8')))).join('\n');

const blocks = (language: string): string[] => fencedBlocks(text, language);

/** All command lines. */
const shell = blocks('sh|bash|shell|console|zsh').flatMap(block => block.split('\n'));
/** The commands that a test has run. */
const executed = new Set<string>();
const [query = '', mutation = ''] = blocks('graphql');

const commandWith = (words: string): string => shell.find(command => command.includes(words)) ?? '';

/** Runs a command line of the pages, without `npm ci`, and resolves once it has printed `expected`. */
async function start(
  command: string,
  env: Record<string, string>,
  expected: string,
): Promise<RunningCommand> {
  executed.add(command);
  const running = startCommand(command.replace('npm ci && ', ''), { env });
  await running.waitFor(expected);
  return running;
}

describe('npm run dev and the pages about it', () => {
  let ports: { readonly gateway: number; readonly rest: number; readonly sandbox: number };
  let dev: RunningCommand;

  beforeAll(async () => {
    const [gateway = 0, rest = 0, sandbox = 0] = await freePorts(3);
    ports = { gateway, rest, sandbox };
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

  afterAll(() => dev.stop());

  /** Runs a command of the pages with the ports of this test. */
  const run = (command: string): Promise<string> => {
    executed.add(command);
    const onOurPorts = command
      .replace('localhost:4000', `127.0.0.1:${String(ports.gateway)}`)
      .replace('localhost:8080', `127.0.0.1:${String(ports.rest)}`)
      .replace('localhost:4010', `127.0.0.1:${String(ports.sandbox)}`);
    return runCommand(onOurPorts);
  };
  const execute = async (document: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${String(ports.gateway)}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: document }),
    });
    return response.json();
  };

  it('README shows a curl command for GraphQL that returns payouts', async () => {
    expect(JSON.parse(await run(commandWith('localhost:4000')))).toMatchObject({
      data: { payouts: { nodes: [{ outcome: 'PAID' }, { outcome: 'IN_PROGRESS' }] } },
    });
  });

  it('README shows a query with its actual response', async () => {
    expect(await execute(query)).toEqual(JSON.parse(blocks('json')[0] ?? ''));
  });

  it('docs/rest.md shows a request that returns Lean’s JSON', async () => {
    const answer = JSON.parse(await run(commandWith('localhost:8080'))) as unknown;
    expect(answer).toMatchObject({ content: [{}, {}], page: { total_elements: 300 } });
  });

  it('README shows a mutation that creates a payout, whose outcome is unknown after the fault in docs/sandbox.md until a retry', async () => {
    expect(await execute(mutation)).toMatchObject({
      data: { createPayout: { __typename: 'PayoutCreated', status: 'CREATED' } },
    });
    await run(commandWith('/sandbox/faults'));
    const next = mutation.replace('order-4711', 'order-4712');
    expect(await execute(next)).toMatchObject({
      data: { createPayout: { __typename: 'PayoutOutcomeUnknown', reason: 'WAITING' } },
    });
    expect(await execute(next)).toMatchObject({ data: { createPayout: { __typename: 'PayoutCreated' } } });
  });

  it('docs/sandbox.md shows a change of Lean’s behaviour, which leads to a listed payout with an unknown outcome', async () => {
    const changed = JSON.parse(await run(commandWith('PUT localhost:4010/sandbox/behaviour'))) as unknown;
    expect(changed).toMatchObject({ references: 'dropped', listingMs: 60_000 });
    await run(commandWith('/sandbox/faults'));
    const next = mutation.replace('order-4711', 'order-4713');
    expect(await execute(next)).toMatchObject({
      data: { createPayout: { __typename: 'PayoutOutcomeUnknown' } },
    });
    const [, folder = ''] = /DATA_DIR=(\S+)/.exec(dev.printed) ?? [];
    expect(await payouts({ DATA_DIR: folder })).toMatch(/^KEY .*\norder-4713 +unknown +16\.50 AED /m);
    const restored = JSON.parse(await run(commandWith('DELETE localhost:4010/sandbox/behaviour'))) as unknown;
    expect(restored).toEqual(defaultBehaviour());
    await vi.waitFor(
      async () => {
        expect(await execute(next)).toMatchObject({
          data: { createPayout: { __typename: 'PayoutCreated' } },
        });
      },
      { timeout: 20_000, interval: 500 },
    );
  });

  it('docs/sandbox.md shows how to set the webhook target and how to change a payout', async () => {
    expect(JSON.parse(await run(commandWith('/sandbox/webhooks')))).toMatchObject({
      url: 'http://localhost:8123/',
      faults: { duplicate: 0.1, reorder: 0.1, lose: 0.1 },
    });
    expect(JSON.parse(await run(commandWith('/change')))).toMatchObject({
      status: 'ACCEPTED_BY_BANK',
      postInitiationStatus: 'REJECTED',
    });
  });
});

/** Runs the command of docs/operations.md that lists payouts, and returns its output without that of npm. */
async function payouts(env: Record<string, string>): Promise<string> {
  const command = 'npm run payouts -- --unknown';
  const stdout = await runCommand(command, { env });
  return stdout.replace(/^\n?(?:> .*\n)+\n?/, '');
}

it('README states the correct number of Lean calls for its query', async () => {
  const gateway = await startTestGateway({ env: { LEAN_HISTORY_KEY: 'payment_intent_id' } });
  await gateway.run(query);
  expect(gateway.received()).toEqual({ listPayouts: 1, getPayoutIntent: 2, getPayoutPaymentHistory: 2 });
});

it('README’s command for production starts the gateway', async () => {
  const command = commandWith('npm start');
  const env = {
    PORT: '0',
    REST_PORT: '0',
    MCP_PORT: '0',
    LEAN_BASE_URL: 'http://127.0.0.1:9',
    DATA_DIR: await freshFolder(),
  };
  const running = await start(command, env, 'gateway is up');
  onTestFinished(() => running.stop());
  expect(await payouts(env)).toMatch(/^No matching payouts in .+\.\n$/);
});

it('the command for the sandbox in docs/sandbox.md starts it', async () => {
  const running = await start('npm run sandbox', { SANDBOX_PORT: '0' }, 'Control routes');
  await running.stop();
});

it('the pages show only commands that these tests run', () => {
  // The command that runs these tests is the exception.
  expect(shell.filter(command => !executed.has(command))).toEqual(['npm ci && npm test']);
});

it('docs/sandbox.md has a row with accepted values for every switch of Lean’s behaviour', () => {
  for (const field of behaviourFields) {
    const [, row] = new RegExp(`^\\| \`${field}\` +\\| (.*) \\|$`, 'm').exec(text) ?? [];
    expect([field, row]).toEqual([field, expect.any(String)]);
    for (const [value] of (row ?? '').matchAll(/(?<=`)\w+(?=`)/g))
      expect(parseBehaviour({ [field]: value })).toEqual({ [field]: value });
  }
});

it('docs/configuration.md has a row for every variable that the gateway reads', async () => {
  const configuration = await readFile('docs/configuration.md', 'utf8');
  const example = await readFile('.env.example', 'utf8');
  for (const [, name = ''] of example.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm))
    expect(configuration).toContain(`\`${name}\``);
});
