import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Environment } from '../../src/config/config.ts';
import { updateCursor } from '../../src/payouts/update-cursor.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import type { SandboxProfile } from '../../src/sandbox/profile.ts';
import { startIssuer } from '../support/issuer.ts';
import { logLines } from '../support/log-lines.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';
import { subscribeBySse, type Stream } from '../support/event-stream.ts';

const secret = 'webhook-secret';

/** A gateway that the sandbox sends its webhooks to. */
async function start(
  env: Environment = {},
  { told = true, profile = 'v2' }: { readonly told?: boolean; readonly profile?: SandboxProfile } = {},
) {
  const { log, lines, line } = logLines();
  const gateway = await startListeningGateway({
    env: { LEAN_WEBHOOK_SECRET: secret, ...env },
    sandbox: { profile },
    log,
  });
  onTestFinished(() => gateway.close());
  const hook = `${gateway.origin}/webhooks/lean`;
  if (told) gateway.lean.webhooks.target = { url: hook, secret };
  /** A payout that is on its way at the bank. */
  const payout = () => gateway.lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  return { gateway, hook, payout, lines, line };
}

const all = `subscription ($id: ID, $after: String) { payoutUpdated(id: $id, after: $after) {
  cursor eventId type payoutId paymentId status leanStatus postInitiationStatus outcome payout { paymentId outcome }
} }`;

interface Update {
  readonly cursor: string;
  readonly payoutId: string;
  readonly status: string;
}

const updateOf = async (stream: Stream): Promise<Update> =>
  ((await stream.next()) as { readonly payoutUpdated: Update }).payoutUpdated;

describe('a subscriber', () => {
  it('sees a payout’s steps as they happen, with the payout as Lean has it', async () => {
    const { gateway, payout } = await start();
    const stream = await subscribeBySse(gateway.url, all);
    const { paymentId, intentId } = payout();
    expect(await stream.next()).toMatchObject({
      payoutUpdated: {
        type: 'PAYMENT_CREATED',
        payoutId: `po_${intentId}`,
        paymentId,
        status: 'PENDING_WITH_BANK',
        postInitiationStatus: null,
        outcome: 'IN_PROGRESS',
      },
    });
    gateway.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    expect(await stream.next()).toMatchObject({
      payoutUpdated: {
        type: 'PAYMENT_UPDATED',
        status: 'ACCEPTED_BY_BANK',
        postInitiationStatus: null,
        outcome: 'IN_PROGRESS',
      },
    });
    gateway.lean.payouts.change(paymentId ?? '', { postInitiationStatus: 'PROCESSED' });
    expect(await stream.next()).toMatchObject({
      payoutUpdated: {
        status: 'ACCEPTED_BY_BANK',
        postInitiationStatus: 'PROCESSED',
        outcome: 'PAID',
        payout: { paymentId, outcome: 'PAID' },
      },
    });
  });

  it('of one payout sees that one alone', async () => {
    const { gateway, payout } = await start();
    const [mine, other] = [payout(), payout()];
    const stream = await subscribeBySse(gateway.url, all, { id: `po_${mine.intentId.toUpperCase()}` });
    gateway.lean.payouts.change(other.paymentId ?? '', { status: 'FAILED' });
    gateway.lean.payouts.change(mine.paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    await expect
      .poll(() => updateOf(stream))
      .toMatchObject({ payoutId: `po_${mine.intentId}`, status: 'ACCEPTED_BY_BANK' });
    const bare = await subscribeBySse(gateway.url, all, { id: mine.intentId });
    await expect(bare.next()).rejects.toThrow('BAD_USER_INPUT');
  });

  it('of a payout that Lean does not know is told so at once, and that is all', async () => {
    const { gateway } = await start();
    const stream = await subscribeBySse(
      gateway.url,
      'subscription { payoutUpdated(id: "po_00000000-0000-4000-8000-000000000000") { status } }',
    );
    await expect(stream.next()).rejects.toThrow('BAD_USER_INPUT');
    expect(await stream.ended).toBe('complete');
  });

  it('that comes back goes on behind the last event that it has had', async () => {
    const { gateway, payout } = await start();
    const stream = await subscribeBySse(gateway.url, all);
    const { paymentId } = payout();
    await stream.next();
    const { lastEventId } = stream;
    stream.leave();
    expect(lastEventId).toBeDefined();
    gateway.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    gateway.lean.payouts.change(paymentId ?? '', { postInitiationStatus: 'PROCESSED' });
    await gateway.lean.webhooks.settled();
    // The header stands above the argument, which a browser repeats as it was the first time.
    const beginning = { after: updateCursor({ store: 'elsewhere', position: 0 }) };
    const again = await subscribeBySse(gateway.url, all, beginning, { 'last-event-id': lastEventId ?? '' });
    expect(await again.next()).toMatchObject({ payoutUpdated: { status: 'ACCEPTED_BY_BANK' } });
    expect(await again.next()).toMatchObject({ payoutUpdated: { payout: { outcome: 'PAID' } } });
  });

  it('goes on behind any cursor, of an update or of a query, with any id', async () => {
    const { gateway, payout } = await start();
    const before = await cursorOf(gateway.url);
    const [mine, other] = [payout(), payout()];
    const stream = await subscribeBySse(gateway.url, all, { after: before });
    const first = await updateOf(stream);
    expect(first.cursor).toBe(stream.lastEventId);
    const second = await updateOf(stream);
    expect(new Set([first.payoutId, second.payoutId])).toEqual(
      new Set([`po_${mine.intentId}`, `po_${other.intentId}`]),
    );
    expect(await cursorOf(gateway.url)).toBe(second.cursor);
    gateway.lean.payouts.change(mine.intentId, { status: 'ACCEPTED_BY_BANK' });
    gateway.lean.payouts.change(other.intentId, { status: 'FAILED' });
    const resumed = await subscribeBySse(gateway.url, all, {
      after: second.cursor,
      id: `po_${mine.intentId}`,
    });
    expect(await updateOf(resumed)).toMatchObject({
      status: 'ACCEPTED_BY_BANK',
      payoutId: `po_${mine.intentId}`,
    });
  });

  it('with a cursor that has expired, or that is none, is told so before anything is subscribed', async () => {
    const { gateway } = await start();
    const elsewhere = updateCursor({ store: 'elsewhere', position: 0 });
    const wrong = [
      [elsewhere, 'UPDATES_CURSOR_EXPIRED'],
      ['never-heard-of', 'BAD_USER_INPUT'],
    ] as const;
    const socket = createClient({
      url: gateway.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    onTestFinished(() => void socket.dispose());
    for (const [after, code] of wrong) {
      const byArgument = await subscribeBySse(gateway.url, all, { after });
      await expect(byArgument.next()).rejects.toThrow(code);
      expect(await byArgument.ended).toBe('complete');
      const byHeader = await subscribeBySse(gateway.url, all, {}, { 'last-event-id': after });
      await expect(byHeader.next()).rejects.toThrow(code);
      const bySocket = await socket.iterate({ query: all, variables: { after } }).next();
      expect(bySocket.value).toMatchObject({ errors: [{ extensions: { code } }] });
    }
    expect(await subscribers(gateway.origin)).toBe(0);
  });

  it('is told of a payout that Lean has made no payment of, within seconds of its creation', async () => {
    const { gateway } = await start();
    const stream = await subscribeBySse(gateway.url, all);
    const input = payoutInput('waits', { destinationId: destinations.waitsForAuthorization });
    const created = await postOperation(
      gateway.url,
      'mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ... on PayoutCreated { intentId } } }',
      { input },
    );
    const { intentId } = created.data?.['createPayout'] as { readonly intentId: string };
    await expect
      .poll(() => updateOf(stream), { timeout: 60_000 })
      .toMatchObject({
        payoutId: `po_${intentId}`,
        paymentId: null,
        status: 'AWAITING_AUTHORIZATION',
        outcome: 'IN_PROGRESS',
        payout: { paymentId: null },
      });
    const failing = payoutInput('fails', { destinationId: destinations.failsAtOnce });
    await postOperation(gateway.url, createPayoutDocument, { input: failing });
    expect(await updateOf(stream)).toMatchObject({ paymentId: null, status: 'FAILED', outcome: 'NOT_PAID' });
  });

  it.each(['v1', 'ksa'] as const)(
    'of one payout sees it, where Lean has no call for the single payout (%s)',
    async profile => {
      const { gateway, payout } = await start({}, { profile });
      const [mine, other] = [payout(), payout()];
      const steps = `subscription ($id: ID) { payoutUpdated(id: $id) {
        payoutId paymentId status postInitiationStatus outcome payout { id paymentId status } } }`;
      const stream = await subscribeBySse(gateway.url, steps, { id: `po_${mine.intentId}` });
      await expect.poll(() => subscribers(gateway.origin)).toBe(1);
      for (const { intentId } of [other, mine])
        gateway.lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
      await expect
        .poll(() => updateOf(stream))
        .toMatchObject({
          payoutId: `po_${mine.intentId}`,
          paymentId: mine.paymentId,
          status: 'ACCEPTED_BY_BANK',
          postInitiationStatus: null,
          // Such a Lean does not tell whether the bank has paid.
          outcome: null,
          payout: { id: `po_${mine.intentId}`, paymentId: mine.paymentId, status: 'ACCEPTED_BY_BANK' },
        });
    },
  );

  it('of one payout that is far down the list of such a Lean is accepted', async () => {
    const { gateway, payout } = await start({}, { profile: 'ksa' });
    const { intentId } = gateway.lean.payouts.add({ createdAt: '2020-01-01T00:00:00Z' });
    for (let index = 0; index < 250; index += 1) payout();
    const steps = 'subscription ($id: ID) { payoutUpdated(id: $id) { status } }';
    const stream = await subscribeBySse(gateway.url, steps, { id: `po_${intentId}` });
    await expect.poll(() => subscribers(gateway.origin)).toBe(1);
    stream.leave();
  });

  it('that has read after its cursor has not been given what was asked of Lean before that', async () => {
    const { gateway, payout } = await start();
    const { intentId } = payout();
    const reads = () =>
      gateway.lean.requests.filter(({ operation }) => operation === 'getPayoutIntent').length;
    const steps = 'subscription ($after: String) { payoutUpdated(after: $after) { cursor status } }';
    const stream = await subscribeBySse(gateway.url, steps, { after: await cursorOf(gateway.url) });
    // The gateway is done with the first step: the fault is for nobody but the reader.
    expect((await updateOf(stream)).status).toBe('PENDING_WITH_BANK');
    const before = reads();
    gateway.lean.faults.add({ kind: 'stall', operation: 'getPayoutIntent', times: 1 });
    const read = `{ payoutUpdatesCursor payoutIntent(id: "${intentId}") { id } }`;
    const leaving = new AbortController();
    const early = postOperation(gateway.url, read, {}, { signal: leaving.signal }).catch(() => 'left');
    await expect.poll(reads).toBe(before + 1);
    gateway.lean.payouts.change(intentId, { status: 'FAILED' });
    let { cursor, status } = await updateOf(stream);
    while (status !== 'FAILED') ({ cursor, status } = await updateOf(stream));
    // The first read is still under way: this one is not to share it.
    const { data } = await postOperation(gateway.url, read);
    expect(data).toEqual({ payoutUpdatesCursor: cursor, payoutIntent: { id: intentId } });
    expect(reads()).toBe(before + 2);
    leaving.abort();
    await early;
  });

  it('that comes back is given nothing that was read before, however many come back', async () => {
    const { gateway, payout } = await start();
    const after = await cursorOf(gateway.url);
    const { intentId } = payout();
    const facts =
      'subscription ($after: String) { payoutUpdated(after: $after) { payout { bankTransactionReference } } }';
    const reference = (bankTransactionReference: string | null) => ({
      payoutUpdated: { payout: { bankTransactionReference } },
    });
    const first = await subscribeBySse(gateway.url, facts, { after });
    expect(await first.next()).toEqual(reference(null));
    gateway.lean.payouts.change(intentId, { bankTransactionReference: 'new' });
    const reads = () =>
      gateway.lean.requests.filter(({ operation }) => operation === 'getPayoutIntent').length;
    const before = reads();
    const streams = await Promise.all(
      Array.from({ length: 40 }, () => subscribeBySse(gateway.url, facts, { after })),
    );
    for (const stream of streams) expect(await stream.next()).toEqual(reference('new'));
    expect(reads() - before).toBeLessThan(20);
  });

  it('that asks later has as much time for it as the first', async () => {
    const { gateway, payout } = await start({ LEAN_TIMEOUT_MS: '1000' });
    const after = await cursorOf(gateway.url);
    payout();
    const subscribe = (field: string) =>
      subscribeBySse(
        gateway.url,
        `subscription ($after: String) { payoutUpdated(after: $after) { payout { ${field} } } }`,
        { after },
      );
    await (await subscribe('paymentId')).next();
    await pause(2000);
    expect(await (await subscribe('autoAuthorized')).next()).toEqual({
      payoutUpdated: { payout: { autoAuthorized: true } },
    });
  });

  it('costs Lean nothing more, however many there are of them', async () => {
    const { gateway, payout } = await start();
    const streams = [];
    for (let index = 0; index < 20; index += 1) streams.push(await subscribeBySse(gateway.url, all));
    const { paymentId } = payout();
    for (const stream of streams) await stream.next();
    const before = gateway.lean.requests.length;
    gateway.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    for (const stream of streams)
      expect(await stream.next()).toMatchObject({ payoutUpdated: { status: 'ACCEPTED_BY_BANK' } });
    const heard = gateway.lean.requests.slice(before).map(({ operation }) => operation);
    const calls = Object.groupBy(heard, operation => operation);
    // The gateway looks once before it tells, and reads the payout once for all.
    expect(calls['getPayout']?.length ?? 0).toBe(1);
    expect(calls['getPayoutIntent']?.length ?? 0).toBe(1);
  });

  it('costs Lean nothing more, however many of them ask for its intent and history, and however slow they are', async () => {
    const { gateway, payout } = await start();
    const inFull =
      'subscription { payoutUpdated { status payout { paymentId intent { id } history { status } } } }';
    const streams = [];
    for (let index = 0; index < 20; index += 1) streams.push(await subscribeBySse(gateway.url, inFull));
    payout();
    // Each reads when the one before it has all of its answer.
    for (const stream of streams)
      expect(await stream.next()).toMatchObject({ payoutUpdated: { payout: { history: [{}] } } });
    const asked = Object.groupBy(gateway.lean.requests, ({ operation }) => operation);
    expect(asked['getPayoutIntent']?.length).toBeLessThanOrEqual(2);
    // Which id the history wants is found out once, by one call more.
    expect(asked['getPayoutPaymentHistory']?.length).toBeLessThanOrEqual(3);
  });

  it('that reads many old updates of one payout costs Lean less than a read for each', async () => {
    const { gateway, payout } = await start();
    const cursor = await cursorOf(gateway.url);
    const { intentId } = payout();
    const count = 40;
    const follow = await subscribeBySse(
      gateway.url,
      'subscription ($after: String) { payoutUpdated(after: $after) { cursor } }',
      {
        after: cursor,
      },
    );
    await follow.next();
    for (let told = 1; told < count; told += 1) {
      gateway.lean.payouts.change(intentId, {
        status: told % 2 === 0 ? 'PENDING_WITH_BANK' : 'ACCEPTED_BY_BANK',
      });
      await follow.next();
    }
    const reads = () =>
      gateway.lean.requests.filter(({ operation }) => operation === 'getPayoutIntent').length;
    const before = reads();
    const replay = await subscribeBySse(gateway.url, all, { after: cursor });
    for (let read = 0; read < count; read += 1)
      expect(await replay.next()).toMatchObject({ payoutUpdated: { payout: { outcome: 'IN_PROGRESS' } } });
    expect(reads() - before).toBeLessThan(count / 2);
  });

  it('is told when the gateway stops, so that it goes elsewhere', async () => {
    const { gateway } = await startListening();
    const stream = await subscribeBySse(gateway.url, all);
    await gateway.close();
    expect(await stream.ended).toBe('complete');

    async function startListening() {
      return { gateway: await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: secret } }) };
    }
  });

  it('without webhooks is told that there are none', async () => {
    const gateway = await startListeningGateway();
    onTestFinished(() => gateway.close());
    const stream = await subscribeBySse(gateway.url, all);
    await expect(stream.next()).rejects.toThrow('UPDATES_UNAVAILABLE');
    expect(await cursorOf(gateway.url)).toBeNull();
  });
});

describe('with access tokens', () => {
  it('only who may read is let in, and for as long as the token is good', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { gateway } = await start(issuer.env);
    const headersOf = async (scope: string, lifetime = '5m') => ({
      authorization: `Bearer ${await issuer.token({ scope }, { lifetime })}`,
    });
    const paying = await subscribeBySse(gateway.url, all, {}, await headersOf('payouts:create'));
    await expect(paying.next()).rejects.toThrow('FORBIDDEN');
    const reading = await subscribeBySse(gateway.url, all, {}, await headersOf('payouts:read', '2s'));
    await expect(reading.next()).rejects.toThrow('UNAUTHENTICATED');
    expect(await reading.ended).toBe('complete');
  });
});

describe('over WebSocket', () => {
  function connect(url: string, connectionParams?: Record<string, unknown>, lazy = true) {
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy,
      ...(connectionParams !== undefined && { connectionParams }),
    });
    onTestFinished(() => void client.dispose());
    return client;
  }

  it('queries are answered and payouts are followed, by the same rules', async () => {
    const { gateway, payout, line } = await start();
    const client = connect(gateway.url);
    const query = client.iterate({ query: '{ payouts(first: 1) { totalCount } }' });
    expect((await query.next()).value).toEqual({ data: { payouts: { totalCount: 300 } } });
    expect(await line(({ socket }) => socket === true)).toMatchObject({
      msg: 'request',
      operation: 'query',
      leanCalls: 1,
      outcome: 'ok',
    });
    const refused = client.iterate({
      query: '{ a: __typename b: __typename c: __typename d: __typename e: __typename f: __typename }',
    });
    await expect(refused.next()).rejects.toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }]);
    const updates = client.iterate<{ payoutUpdated: { status: string } }>({ query: all });
    const first = updates.next();
    await expect.poll(() => subscribers(gateway.origin)).toBe(1);
    const { paymentId } = payout();
    expect((await first).value).toMatchObject({ data: { payoutUpdated: { paymentId } } });
  });

  it('nobody is let in without a token, and nobody beyond its scopes', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { gateway } = await start(issuer.env);
    const query = { query: '{ payouts(first: 1, filter: { amount: { min: "4711" } }) { totalCount } }' };
    await expect(connect(gateway.url).iterate(query).next()).rejects.toMatchObject({ code: 4401 });
    await expect(
      connect(gateway.url, { authorization: 'Bearer garbage' }).iterate(query).next(),
    ).rejects.toMatchObject({ code: 4401 });
    const token = (scope: string) => issuer.token({ scope });
    const paying = connect(gateway.url, { authorization: `Bearer ${await token('payouts:create')}` });
    expect((await paying.iterate(query).next()).value).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(gateway.lean.requests.filter(({ query: asked }) => 'amount_min' in asked)).toEqual([]);
    const reading = connect(gateway.url, { authorization: `Bearer ${await token('payouts:read')}` });
    expect((await reading.iterate(query).next()).value).toMatchObject({ data: { payouts: {} } });
  });

  it('a subscription that is ended is over at once, though nothing has come that is for it', async () => {
    const { gateway, payout } = await start();
    const client = connect(gateway.url, {}, false);
    const mine = payout();
    const other = payout();
    const variables = { id: `po_${mine.intentId}` };
    const query = 'subscription ($id: ID!) { payoutUpdated(id: $id) { status } }';
    for (let times = 0; times < 20; times += 1) {
      const updates = client.iterate({ query, variables });
      void updates.next();
      await expect.poll(() => subscribers(gateway.origin)).toBe(1);
      await updates.return?.();
      await expect.poll(() => subscribers(gateway.origin)).toBe(0);
    }
    gateway.lean.payouts.change(other.paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    expect((await client.iterate({ query: '{ __typename }' }).next()).value).toEqual({
      data: { __typename: 'Query' },
    });
  });

  it('a connection that much comes through gathers nothing', async () => {
    const { gateway } = await start();
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const client = connect(gateway.url, {}, false);
    for (let times = 0; times < 50; times += 1) await client.iterate({ query: '{ __typename }' }).next();
    expect(warnings).toEqual([]);
  });

  it('amounts keep their digits', async () => {
    const { gateway } = await start();
    const socket = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws');
    onTestFinished(() => {
      socket.close();
    });
    const messages: string[] = [];
    socket.on('message', (data: Buffer) => messages.push(data.toString()));
    await new Promise(resolve => socket.once('open', resolve));
    socket.send('{"type":"connection_init"}');
    await expect.poll(() => messages.join()).toContain('connection_ack');
    const query =
      'query ($min: Decimal) { payouts(first: 1, filter: { amount: { min: $min } }) { totalCount } }';
    socket.send(
      `{"id":"1","type":"subscribe","payload":{"query":${JSON.stringify(query)},"variables":{"min":9007199254740993.01}}}`,
    );
    await expect.poll(() => messages.join()).toContain('"totalCount":0');
    expect(gateway.lean.requests.map(({ query: asked }) => asked['amount_min'])).toContain(
      '9007199254740993.01',
    );
  });

  it('failures of Lean’s leave their line in the log', async () => {
    const { gateway, line } = await start();
    gateway.lean.faults.add({ kind: 'status', status: 422, operation: 'getPayoutIntent' });
    const query = { query: `{ payout(id: "${payoutIdOf(exampleIntentId)}") { id } }` };
    const answer = await connect(gateway.url).iterate(query).next();
    expect(answer.value).toMatchObject({ errors: [{ extensions: { code: 'LEAN_REFUSED' } }] });
    expect(JSON.stringify(answer.value)).not.toContain('"http"');
    expect(await line(({ code }) => code === 'LEAN_REFUSED')).toMatchObject({ level: 40, path: 'payout' });
  });

  it('the schema stays as closed as by requests', async () => {
    const { gateway } = await start();
    const asked = connect(gateway.url).iterate({ query: '{ __schema { queryType { name } } }' });
    await expect(asked.next()).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  });

  it('operations count as requests do', async () => {
    const { gateway } = await start({ RATE_LIMIT_REQUESTS: '2' });
    const client = connect(gateway.url, {}, false);
    const query = { query: '{ __typename }' };
    // Connecting is one, and the next one the last.
    expect((await client.iterate(query).next()).value).toEqual({ data: { __typename: 'Query' } });
    await expect(client.iterate(query).next()).rejects.toMatchObject([
      { extensions: { code: 'RATE_LIMITED' } },
    ]);
  });

  it('pages of other origins cannot connect', async () => {
    const { gateway } = await start();
    const connecting = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws', {
      origin: 'https://evil.example',
    });
    const error = await new Promise<Error>(resolve => connecting.once('error', resolve));
    expect(error.message).toContain('403');
  });
});

async function cursorOf(url: string): Promise<string | null> {
  const { data } = await postOperation(url, '{ payoutUpdatesCursor }');
  return data?.['payoutUpdatesCursor'] as string | null;
}

function signed(body: string, by = secret): string {
  return `sha512=${createHmac('sha512', by).update(body).digest('hex')}`;
}

async function subscribers(origin: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^lean_payouts_subscribers (\d+)$/m.exec(text)?.[1]);
}

describe('POST /webhooks/lean', () => {
  const envelope = {
    type: 'payment.updated',
    payload: { id: examplePayoutId, intent_id: null, status: 'ACCEPTED_BY_BANK', amount: 16.5 },
    message: 'hello',
    timestamp: '2026-03-01T00:00:00.123456789Z',
    event_id: 'e0000000-0000-4000-8000-000000000001',
  };
  const post = (url: string, body: string, signature: string | undefined) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(signature !== undefined && { 'lean-signature': signature }),
      },
      body,
    });
  const body = JSON.stringify(envelope);

  it.each([
    ['none', body, undefined],
    ['one by another secret', body, signed(body, 'other')],
    ['one that is cut short', body, signed(body).slice(0, -2)],
    ['one without its algorithm', body, signed(body).slice(7)],
    ['one of the same event written otherwise', JSON.stringify(envelope, null, 2), signed(body)],
    ['an empty one', body, ''],
  ])('with %s for a signature is 401, and nothing is kept', async (_, text, signature) => {
    const { hook, gateway } = await start({}, { told: false });
    expect((await post(hook, text, signature)).status).toBe(401);
    // Had it been kept, this would be a repetition.
    await post(hook, body, signed(body));
    expect(await counted(gateway.origin)).toMatchObject({ unsigned: 1, taken: 1 });
  });

  it('is answered 200 and kept once, whatever becomes of it, by any of the secrets', async () => {
    const { hook, gateway } = await start({ LEAN_WEBHOOK_SECRET: `new-secret,${secret}` }, { told: false });
    expect((await post(hook, body, signed(body))).status).toBe(200);
    expect((await post(hook, body, signed(body, 'new-secret'))).status).toBe(200);
    const other = JSON.stringify({ ...envelope, type: 'entity.created', event_id: 'another' });
    expect((await post(hook, other, signed(other))).status).toBe(200);
    expect(await counted(gateway.origin)).toMatchObject({ taken: 1, seen: 1, ignored: 1 });
  });

  it('of a pay-in is taken, and nobody is told of it', async () => {
    const { gateway } = await start();
    gateway.lean.webhooks.noise('pay_in');
    gateway.lean.webhooks.noise('unknown_type');
    await gateway.lean.webhooks.settled();
    expect(gateway.lean.webhooks.sent.map(({ status }) => status)).toEqual([200, 200]);
    await expect
      .poll(() => counted(gateway.origin), { timeout: 20_000 })
      .toMatchObject({ taken: 1, ignored: 1, foreign: 1 });
  });

  it('that claims what is not so is not believed', async () => {
    const { hook, gateway, payout } = await start({}, { told: false });
    const stream = await subscribeBySse(gateway.url, all);
    const { paymentId, intentId } = payout();
    const lie = JSON.stringify({
      ...envelope,
      payload: { id: paymentId, intent_id: intentId, status: 'FAILED' },
    });
    await post(hook, lie, signed(lie));
    expect(await stream.next()).toMatchObject({ payoutUpdated: { status: 'PENDING_WITH_BANK' } });
  });

  it('that is no JSON object is 400, and its bytes are in no line', async () => {
    const { hook, gateway, lines } = await start({}, { told: false });
    for (const text of ['{"iban":"AE070331234567890123456"', '[]', 'null', ''])
      expect((await post(hook, text, signed(text))).status).toBe(400);
    expect(await counted(gateway.origin)).toMatchObject({ malformed: 4 });
    expect(JSON.stringify(lines)).not.toContain('AE0703');
  });

  it('of a megabyte is 413', async () => {
    const { hook } = await start({}, { told: false });
    const text = JSON.stringify({ ...envelope, message: 'x'.repeat(1_000_000) });
    const status = await post(hook, text, signed(text)).then(
      answer => answer.status,
      (error: unknown) => (error as { cause: { code: string } }).cause.code,
    );
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(status);
  });

  it('does not exist without a secret', async () => {
    const gateway = await startListeningGateway();
    onTestFinished(() => gateway.close());
    expect((await post(`${gateway.origin}/webhooks/lean`, body, signed(body))).status).toBe(404);
  });
});

async function counted(origin: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^lean_payouts_webhooks_total\{outcome="(\w+)"\} (\d+)$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
}

it('a payout whose outcome is unknown is found as soon as Lean tells of it', async () => {
  const { gateway, line } = await start();
  gateway.lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
  const input = `{ idempotencyKey: "heard-of", accountId: "a0000000-0000-4000-8000-000000000001",
    destinationId: "d0000000-0000-4000-8000-000000000001", amount: { amount: "16.50", currency: "AED" },
    description: "INV", authorize: true }`;
  const { data } = await postOperation(
    gateway.url,
    `mutation { createPayout(input: ${input}) { __typename } }`,
  );
  expect(data).toEqual({ createPayout: { __typename: 'PayoutOutcomeUnknown' } });
  await line(({ msg }) => msg === 'a payout whose outcome was unknown is settled');
});

it('a webhook triggers a look for the payouts of its amount and destination, and no others', async () => {
  const url = await freshDatabase(inject('postgresUrl'));
  const { gateway } = await start({ DATABASE_URL: url });
  gateway.lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 3 });
  for (const input of [
    payoutInput('heard-of'),
    payoutInput('other-destination', { destinationId: destinations.staysPending }),
    payoutInput('other-amount', { amount: { amount: '17.00', currency: 'AED' } }),
  ])
    expect((await postOperation(gateway.url, createPayoutDocument, { input })).data).toEqual({
      createPayout: { __typename: 'PayoutOutcomeUnknown' },
    });
  // Far away, so that none of them is looked for by itself.
  const later = Date.now() + 86_400_000;
  await query(url, `UPDATE lean_payout_requests SET next_check_at = ${String(later)}`);
  gateway.lean.payouts.add({
    status: 'PENDING_WITH_BANK',
    amount: '16.5',
    destinationId: destinations.pays,
    description: 'INV 001',
    externalReference: 'heard-of',
  });
  const states = () =>
    query(
      url,
      `SELECT r.idempotency_key AS key, p.state, r.next_check_at::float AS next
        FROM lean_payout_requests r JOIN lean_payout_records p USING (caller, idempotency_key) ORDER BY 1`,
    );
  await expect.poll(states, { timeout: 60_000 }).toEqual([
    { key: 'heard-of', state: 'created', next: expect.any(Number) as number },
    { key: 'other-amount', state: 'unknown', next: later },
    { key: 'other-destination', state: 'unknown', next: later },
  ]);
});
