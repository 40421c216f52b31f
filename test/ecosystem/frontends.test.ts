import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApolloClient } from '@apollo/client/core';
import type { Client } from '@urql/core';
import type { Environment } from 'relay-runtime';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { startGateway, type RunningGateway } from '../../src/composition/gateway.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { startIssuer, type Issuer } from '../support/issuer.ts';
import { postOperation } from '../support/running-gateway.ts';

/*
 * The programs in docs/frontends.md run as the page shows them. They are written to files beside this one, so that they
 * find the packages of the clients.
 */
const page = await readFile(join(import.meta.dirname, '../../docs/frontends.md'), 'utf8');
const snippets = [...page.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```/gms)];
const webhookSecret = 'any';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, '.frontends-'));
  for (const [, name = '', text = ''] of snippets) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true }));

const load = async <Module>(name: string): Promise<Module> => (await import(join(folder, name))) as Module;

interface Stack {
  readonly lean: RunningSandbox;
  readonly issuer: Issuer;
  readonly url: string;
  /** Stops the gateway, calls `meanwhile`, and starts another one on the same port and the same store. */
  deploy(meanwhile: () => void): Promise<void>;
}

/** A sandbox with webhooks, an issuer of access tokens, and a gateway that a test can replace. */
async function startStack(sandbox: SandboxOptions = {}): Promise<Stack> {
  const [lean, issuer] = await Promise.all([startSandbox({ payouts: 20, ...sandbox }), startIssuer()]);
  const dataFolder = await mkdtemp(join(tmpdir(), 'lean-payouts-frontends-'));
  const start = (port: string): Promise<RunningGateway> =>
    startGateway(
      parseConfig({
        ...issuer.env,
        LEAN_BASE_URL: lean.url,
        LEAN_API_TOKEN: sandboxCredentials.token,
        LEAN_WEBHOOK_SECRET: webhookSecret,
        ...{ PORT: port, REST_PORT: 'off', MCP_PORT: 'off', LOG_LEVEL: 'silent', DATA_DIR: dataFolder },
      }),
    );
  let gateway = await start('0');
  const { url } = gateway;
  lean.webhooks.target = { url: new URL('/webhooks/lean', url).href, secret: webhookSecret };
  onTestFinished(async () => {
    await gateway.close();
    await Promise.all([lean.close(), issuer.close()]);
    await rm(dataFolder, { recursive: true });
  });
  return {
    ...{ lean, issuer, url },
    async deploy(meanwhile) {
      await gateway.close();
      meanwhile();
      gateway = await start(new URL(url).port);
    },
  };
}

interface Update {
  readonly cursor: string;
  readonly status: string;
}

type Follow = (options: {
  url: string;
  after: string;
  getToken: () => Promise<string>;
  onUpdate: (update: Update) => void;
  onEnd: (problem: unknown) => void;
}) => () => void;

const reading = { scope: 'payouts:read' };

async function readCursor({ url, issuer }: Stack): Promise<string> {
  const headers = { authorization: `Bearer ${await issuer.token(reading)}` };
  // The gateway may not have read its store yet.
  const read = async () => (await postOperation(url, '{ payoutUpdatesCursor }', {}, { headers })).data;
  return vi.waitFor(async () => (await read())?.['payoutUpdatesCursor'] as string, { timeout: 20_000 });
}

describe.each([
  ['follow-by-websocket.ts', 'followByWebSocket'],
  ['follow-by-sse.ts', 'followBySse'],
])('%s', (file, name) => {
  let followUpdates: Follow;
  beforeAll(async () => {
    followUpdates = (await load<Record<string, Follow>>(file))[name] as Follow;
  });
  const follow: Follow = options => {
    const stop = followUpdates(options);
    onTestFinished(stop);
    return stop;
  };

  it('gets each update once, after its token has expired and after a deploy', async () => {
    // At this speed a webhook that found no gateway is sent again after a second.
    const stack = await startStack({ speed: 60 });
    const { lean, issuer, url } = stack;
    const statuses: string[] = [];
    const onEnd = vi.fn();
    const getToken = vi.fn(() => issuer.token(reading));
    getToken.mockImplementationOnce(() => issuer.token(reading, { lifetime: '10s' }));
    follow({
      ...{ url, after: await readCursor(stack), getToken, onEnd },
      onUpdate: ({ status }) => statuses.push(status),
    });
    const { intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    await expect.poll(() => statuses, { timeout: 60_000 }).toEqual(['PENDING_WITH_BANK']);
    await expect.poll(() => getToken.mock.calls.length, { timeout: 60_000 }).toBeGreaterThan(1);
    lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
    await expect.poll(() => statuses.slice(1), { timeout: 60_000 }).toEqual(['ACCEPTED_BY_BANK']);
    const connections = getToken.mock.calls.length;
    await stack.deploy(() => lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' }));
    await expect.poll(() => statuses.slice(2), { timeout: 60_000 }).toEqual(['ACCEPTED_BY_BANK']);
    expect(getToken.mock.calls.length).toBeGreaterThan(connections);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it('ends when its token or its cursor is refused', async () => {
    const stack = await startStack();
    const { issuer, url } = stack;
    const after = await readCursor(stack);
    const refused = vi.fn();
    follow({ url, after, getToken: () => Promise.resolve('x'), onUpdate: vi.fn(), onEnd: refused });
    await expect.poll(() => refused.mock.calls.length, { timeout: 30_000 }).toBe(1);
    const expired = vi.fn();
    const other = await readCursor(await startStack());
    follow({ url, after: other, getToken: () => issuer.token(reading), onUpdate: vi.fn(), onEnd: expired });
    await expect.poll(() => expired.mock.calls.length, { timeout: 30_000 }).toBe(1);
  });
});

const pageQuery = `query Page($first: Int, $after: String) { payouts(first: $first, after: $after) {
  edges { cursor node { __typename id outcome amount { amount currency } } }
  pageInfo { hasNextPage endCursor }
} }`;
const updates = `subscription Updates($after: String) { payoutUpdated(after: $after) {
  cursor payout { __typename id outcome }
} }`;

interface Page {
  readonly payouts: {
    readonly edges: readonly { readonly node: { readonly id: string; readonly outcome: string } }[];
    readonly pageInfo: { readonly endCursor: string };
  };
}

const idsOf = ({ payouts }: Page): string[] => payouts.edges.map(({ node }) => node.id);

it('apollo-client.ts adds pages to a list, and writes updates into it', async () => {
  const { createApolloClient } = await load<{
    createApolloClient(url: string, getToken: () => Promise<string>): ApolloClient;
  }>('apollo-client.ts');
  const { gql } = await import('@apollo/client/core');
  const stack = await startStack();
  const client = createApolloClient(stack.url, () => stack.issuer.token(reading));
  onTestFinished(() => {
    client.stop();
  });
  const after = await readCursor(stack);
  const query = gql(pageQuery);
  const list = client.watchQuery<Page>({ query, variables: { first: 3 } });
  const subscription = list.subscribe({});
  const following = client.subscribe({ query: gql(updates), variables: { after } }).subscribe({});
  onTestFinished(() => {
    subscription.unsubscribe();
    following.unsubscribe();
  });
  const shown = () => list.getCurrentResult().data as Page | undefined;
  await expect.poll(() => shown()?.payouts?.edges.length, { timeout: 30_000 }).toBe(3);
  await list.fetchMore({ variables: { after: shown()?.payouts.pageInfo.endCursor } });
  await expect.poll(() => shown()?.payouts.edges.length).toBe(6);
  expect(new Set(idsOf(shown() as Page)).size).toBe(6);
  const waiting = shown()?.payouts.edges.findIndex(({ node }) => node.outcome === 'IN_PROGRESS') ?? -1;
  const intentId = shown()?.payouts.edges[waiting]?.node.id.replace('po_', '') ?? '';
  stack.lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
  stack.lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
  await expect.poll(() => shown()?.payouts.edges[waiting]?.node.outcome, { timeout: 60_000 }).toBe('PAID');
});

it('urql-client.ts adds pages to a list, and writes updates into it, without a warning', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const { createUrqlClient } = await load<{
    createUrqlClient(url: string, getToken: () => string): Client;
  }>('urql-client.ts');
  const stack = await startStack();
  const token = await stack.issuer.token(reading);
  const client = createUrqlClient(stack.url, () => token);
  const after = await readCursor(stack);
  const first = await client.query<Page>(pageQuery, { first: 3 }).toPromise();
  const { endCursor } = first.data?.payouts.pageInfo ?? {};
  const both = await client.query<Page>(pageQuery, { first: 3, after: endCursor }).toPromise();
  expect(new Set(idsOf(both.data as Page)).size).toBe(6);
  const { unsubscribe } = client.subscription(updates, { after }).subscribe(() => undefined);
  onTestFinished(unsubscribe);
  const shown = () => client.readQuery<Page>(pageQuery, { first: 3, after: endCursor })?.data?.payouts.edges;
  const waiting = shown()?.findIndex(({ node }) => node.outcome === 'IN_PROGRESS') ?? -1;
  const intentId = shown()?.[waiting]?.node.id.replace('po_', '') ?? '';
  stack.lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
  stack.lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
  await expect.poll(() => shown()?.[waiting]?.node.outcome, { timeout: 60_000 }).toBe('PAID');
  expect(warn.mock.calls).toEqual([]);
});

it('relay-environment.ts sends queries and subscriptions', async () => {
  const { createRelayEnvironment } = await load<{
    createRelayEnvironment(url: string, getToken: () => Promise<string>): Environment;
  }>('relay-environment.ts');
  const stack = await startStack();
  const environment = createRelayEnvironment(stack.url, () => stack.issuer.token(reading));
  const after = await readCursor(stack);
  const execute = (text: string, operationKind: 'query' | 'subscription', variables: object) =>
    environment
      .getNetwork()
      .execute(
        { text, operationKind, name: 'any', id: null, cacheID: text, metadata: {} },
        { ...variables },
        {},
      );
  expect(await execute(pageQuery, 'query', { first: 3 }).toPromise()).toMatchObject({
    data: { payouts: { edges: [{}, {}, {}] } },
  });
  const received: unknown[] = [];
  const { unsubscribe } = execute(updates, 'subscription', { after }).subscribe({
    next: result => received.push(result),
  });
  onTestFinished(unsubscribe);
  const { intentId } = stack.lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  await expect
    .poll(() => received, { timeout: 60_000 })
    .toMatchObject([{ data: { payoutUpdated: { payout: { id: `po_${intentId}` } } } }]);
});

it('format-amount.ts keeps every digit', async () => {
  const { formatAmount } = await load<{ formatAmount(money: { amount: string; currency: string }): string }>(
    'format-amount.ts',
  );
  expect(formatAmount({ amount: '912345678901234567.50', currency: 'AED' }).replaceAll(/\s/g, ' ')).toBe(
    'AED 912,345,678,901,234,567.50',
  );
});
