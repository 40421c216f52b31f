import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Environment } from '../../src/config/config.ts';
import { updateCursor } from '../../src/payouts/update-cursor.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import type { SandboxProfile } from '../../src/sandbox/profile.ts';
import { startIssuer } from '../support/issuer.ts';
import { captureLog } from '../support/log-lines.ts';
import { metricOf } from '../support/metric.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';
import { subscribeBySse, type Stream } from '../support/event-stream.ts';
import { signatureOf } from '../support/webhook-signature.ts';

const secret = 'webhook-secret';

/** A gateway that gets the webhooks of its sandbox, unless `sendsWebhooks` is false. */
async function start(
  env: Environment = {},
  {
    sendsWebhooks = true,
    profile = 'v2',
  }: { readonly sendsWebhooks?: boolean; readonly profile?: SandboxProfile } = {},
) {
  const { log, lines, line } = captureLog();
  const gateway = await startListeningGateway({
    env: { LEAN_WEBHOOK_SECRET: secret, ...env },
    sandbox: { profile },
    log,
  });
  onTestFinished(() => gateway.close());
  const hook = `${gateway.origin}/webhooks/lean`;
  if (sendsWebhooks) gateway.lean.webhooks.target = { url: hook, secret };
  /** Adds a payout that is pending with the bank. */
  const addPayout = () => gateway.lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  return { gateway, hook, addPayout, lines, line };
}

const allUpdates = `subscription ($id: ID, $after: String) { payoutUpdated(id: $id, after: $after) {
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
  it('gets the state changes of a payout as they happen, with its current state', async () => {
    const { gateway, addPayout } = await start();
    const stream = await subscribeBySse(gateway.url, allUpdates);
    const { paymentId, intentId } = addPayout();
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

  it('of one payout gets no updates of others', async () => {
    const { gateway, addPayout } = await start();
    const [mine, other] = [addPayout(), addPayout()];
    const stream = await subscribeBySse(gateway.url, allUpdates, { id: `po_${mine.intentId.toUpperCase()}` });
    gateway.lean.payouts.change(other.paymentId ?? '', { status: 'FAILED' });
    gateway.lean.payouts.change(mine.paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    await expect
      .poll(() => updateOf(stream))
      .toMatchObject({ payoutId: `po_${mine.intentId}`, status: 'ACCEPTED_BY_BANK' });
    const bare = await subscribeBySse(gateway.url, allUpdates, { id: mine.intentId });
    await expect(bare.next()).rejects.toThrow('BAD_USER_INPUT');
  });

  it('of a payout that Lean does not know gets one error, and the stream ends', async () => {
    const { gateway } = await start();
    const stream = await subscribeBySse(
      gateway.url,
      'subscription { payoutUpdated(id: "po_00000000-0000-4000-8000-000000000000") { status } }',
    );
    await expect(stream.next()).rejects.toThrow('BAD_USER_INPUT');
    expect(await stream.ended).toBe('complete');
  });

  it('that reconnects continues after its last event', async () => {
    const { gateway, addPayout } = await start();
    const stream = await subscribeBySse(gateway.url, allUpdates);
    const { paymentId } = addPayout();
    await stream.next();
    const { lastEventId } = stream;
    stream.close();
    expect(lastEventId).toBeDefined();
    gateway.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    gateway.lean.payouts.change(paymentId ?? '', { postInitiationStatus: 'PROCESSED' });
    await gateway.lean.webhooks.settled();
    // The header takes precedence over the argument, because a browser repeats the first argument.
    const beginning = { after: updateCursor({ store: 'elsewhere', position: 0 }) };
    const again = await subscribeBySse(gateway.url, allUpdates, beginning, {
      'last-event-id': lastEventId ?? '',
    });
    expect(await again.next()).toMatchObject({ payoutUpdated: { status: 'ACCEPTED_BY_BANK' } });
    expect(await again.next()).toMatchObject({ payoutUpdated: { payout: { outcome: 'PAID' } } });
  });

  it('continues after any cursor, of an update or a query, with any id', async () => {
    const { gateway, addPayout } = await start();
    const before = await cursorOf(gateway.url);
    const [mine, other] = [addPayout(), addPayout()];
    const stream = await subscribeBySse(gateway.url, allUpdates, { after: before });
    const first = await updateOf(stream);
    expect(first.cursor).toBe(stream.lastEventId);
    const second = await updateOf(stream);
    expect(new Set([first.payoutId, second.payoutId])).toEqual(
      new Set([`po_${mine.intentId}`, `po_${other.intentId}`]),
    );
    expect(await cursorOf(gateway.url)).toBe(second.cursor);
    gateway.lean.payouts.change(mine.intentId, { status: 'ACCEPTED_BY_BANK' });
    gateway.lean.payouts.change(other.intentId, { status: 'FAILED' });
    const resumed = await subscribeBySse(gateway.url, allUpdates, {
      after: second.cursor,
      id: `po_${mine.intentId}`,
    });
    expect(await updateOf(resumed)).toMatchObject({
      status: 'ACCEPTED_BY_BANK',
      payoutId: `po_${mine.intentId}`,
    });
  });

  it('with an expired or invalid cursor gets an error and no subscription', async () => {
    const { gateway } = await start();
    const elsewhere = updateCursor({ store: 'elsewhere', position: 0 });
    const invalid = [
      [elsewhere, 'UPDATES_CURSOR_EXPIRED'],
      ['not-a-cursor', 'BAD_USER_INPUT'],
    ] as const;
    const socket = createClient({
      url: gateway.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    onTestFinished(() => void socket.dispose());
    for (const [after, code] of invalid) {
      const byArgument = await subscribeBySse(gateway.url, allUpdates, { after });
      await expect(byArgument.next()).rejects.toThrow(code);
      expect(await byArgument.ended).toBe('complete');
      const byHeader = await subscribeBySse(gateway.url, allUpdates, {}, { 'last-event-id': after });
      await expect(byHeader.next()).rejects.toThrow(code);
      const bySocket = await socket.iterate({ query: allUpdates, variables: { after } }).next();
      expect(bySocket.value).toMatchObject({ errors: [{ extensions: { code } }] });
    }
    expect(await metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(0);
  });

  it('gets updates of a payout without a payment within seconds of its creation', async () => {
    const { gateway } = await start();
    const stream = await subscribeBySse(gateway.url, allUpdates);
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
    'of one payout gets its updates, if Lean has no call for single payouts (%s)',
    async profile => {
      const { gateway, addPayout } = await start({}, { profile });
      const [mine, other] = [addPayout(), addPayout()];
      const document = `subscription ($id: ID) { payoutUpdated(id: $id) {
        payoutId paymentId status postInitiationStatus outcome payout { id paymentId status } } }`;
      const stream = await subscribeBySse(gateway.url, document, { id: `po_${mine.intentId}` });
      await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(1);
      for (const { intentId } of [other, mine])
        gateway.lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
      await expect
        .poll(() => updateOf(stream))
        .toMatchObject({
          payoutId: `po_${mine.intentId}`,
          paymentId: mine.paymentId,
          status: 'ACCEPTED_BY_BANK',
          postInitiationStatus: null,
          // These applications do not report whether the bank has paid.
          outcome: null,
          payout: { id: `po_${mine.intentId}`, paymentId: mine.paymentId, status: 'ACCEPTED_BY_BANK' },
        });
    },
  );

  it('of one payout far down the list is accepted, if Lean has no call for single payouts', async () => {
    const { gateway, addPayout } = await start({}, { profile: 'ksa' });
    const { intentId } = gateway.lean.payouts.add({ createdAt: '2020-01-01T00:00:00Z' });
    for (let index = 0; index < 250; index += 1) addPayout();
    const document = 'subscription ($id: ID) { payoutUpdated(id: $id) { status } }';
    const stream = await subscribeBySse(gateway.url, document, { id: `po_${intentId}` });
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(1);
    stream.close();
  });

  it('that reads payouts after its cursor does not share older reads of Lean', async () => {
    const { gateway, addPayout } = await start();
    const { intentId } = addPayout();
    const reads = () =>
      gateway.lean.requests.filter(({ operation }) => operation === 'getPayoutIntent').length;
    const document = 'subscription ($after: String) { payoutUpdated(after: $after) { cursor status } }';
    const stream = await subscribeBySse(gateway.url, document, { after: await cursorOf(gateway.url) });
    // The gateway has published the first state, so that the fault hits only the query below.
    expect((await updateOf(stream)).status).toBe('PENDING_WITH_BANK');
    const before = reads();
    gateway.lean.faults.add({ kind: 'stall', operation: 'getPayoutIntent', times: 1 });
    const read = `{ payoutUpdatesCursor payoutIntent(id: "${intentId}") { id } }`;
    const abort = new AbortController();
    const early = postOperation(gateway.url, read, {}, { signal: abort.signal }).catch(() => 'aborted');
    await expect.poll(reads).toBe(before + 1);
    gateway.lean.payouts.change(intentId, { status: 'FAILED' });
    let { cursor, status } = await updateOf(stream);
    while (status !== 'FAILED') ({ cursor, status } = await updateOf(stream));
    // The first read is still in flight. This one must not share it.
    const { data } = await postOperation(gateway.url, read);
    expect(data).toEqual({ payoutUpdatesCursor: cursor, payoutIntent: { id: intentId } });
    expect(reads()).toBe(before + 2);
    abort.abort();
    await early;
  });

  it('that reconnects gets a read that began after its reconnection, however many reconnect', async () => {
    const { gateway, addPayout } = await start();
    const after = await cursorOf(gateway.url);
    const { intentId } = addPayout();
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

  it('that reads an update later has the full timeout', async () => {
    const { gateway, addPayout } = await start({ LEAN_TIMEOUT_MS: '1000' });
    const after = await cursorOf(gateway.url);
    addPayout();
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

  it('causes no further Lean calls, however many there are', async () => {
    const { gateway, addPayout } = await start();
    const streams = [];
    for (let index = 0; index < 20; index += 1) streams.push(await subscribeBySse(gateway.url, allUpdates));
    const { paymentId } = addPayout();
    for (const stream of streams) await stream.next();
    const before = gateway.lean.requests.length;
    gateway.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    for (const stream of streams)
      expect(await stream.next()).toMatchObject({ payoutUpdated: { status: 'ACCEPTED_BY_BANK' } });
    const calls = Object.groupBy(gateway.lean.requests.slice(before), ({ operation }) => operation);
    // The gateway reads the payout once before it publishes the change, and once for all subscribers.
    expect(calls['getPayout']?.length ?? 0).toBe(1);
    expect(calls['getPayoutIntent']?.length ?? 0).toBe(1);
  });

  it('causes no further Lean calls for intent and history, however many there are and however slow', async () => {
    const { gateway, addPayout } = await start();
    const withIntentAndHistory =
      'subscription { payoutUpdated { status payout { paymentId intent { id } history { status } } } }';
    const streams = [];
    for (let index = 0; index < 20; index += 1)
      streams.push(await subscribeBySse(gateway.url, withIntentAndHistory));
    addPayout();
    // Each subscriber reads after the one before it has its whole result.
    for (const stream of streams)
      expect(await stream.next()).toMatchObject({ payoutUpdated: { payout: { history: [{}] } } });
    const calls = Object.groupBy(gateway.lean.requests, ({ operation }) => operation);
    expect(calls['getPayoutIntent']?.length).toBeLessThanOrEqual(2);
    // One more call finds out which id the history call needs.
    expect(calls['getPayoutPaymentHistory']?.length).toBeLessThanOrEqual(3);
  });

  it('that reads many old updates of one payout causes fewer Lean calls than updates', async () => {
    const { gateway, addPayout } = await start();
    const cursor = await cursorOf(gateway.url);
    const { intentId } = addPayout();
    const count = 40;
    const live = await subscribeBySse(
      gateway.url,
      'subscription ($after: String) { payoutUpdated(after: $after) { cursor } }',
      {
        after: cursor,
      },
    );
    await live.next();
    for (let change = 1; change < count; change += 1) {
      gateway.lean.payouts.change(intentId, {
        status: change % 2 === 0 ? 'PENDING_WITH_BANK' : 'ACCEPTED_BY_BANK',
      });
      await live.next();
    }
    const reads = () =>
      gateway.lean.requests.filter(({ operation }) => operation === 'getPayoutIntent').length;
    const before = reads();
    const replay = await subscribeBySse(gateway.url, allUpdates, { after: cursor });
    for (let read = 0; read < count; read += 1)
      expect(await replay.next()).toMatchObject({ payoutUpdated: { payout: { outcome: 'IN_PROGRESS' } } });
    expect(reads() - before).toBeLessThan(count / 2);
  });

  it('ends without `complete` when the gateway stops, so that clients connect again', async () => {
    const gateway = await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: secret } });
    const stream = await subscribeBySse(gateway.url, allUpdates);
    await gateway.close();
    expect(await stream.ended).toBe('cut');
  });

  it('gets UPDATES_UNAVAILABLE if no webhooks are configured', async () => {
    const gateway = await startListeningGateway();
    onTestFinished(() => gateway.close());
    const stream = await subscribeBySse(gateway.url, allUpdates);
    await expect(stream.next()).rejects.toThrow('UPDATES_UNAVAILABLE');
    expect(await cursorOf(gateway.url)).toBeNull();
  });
});

describe('with access tokens', () => {
  it('a subscription needs the read scope, and ends when the token expires', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { gateway } = await start(issuer.env);
    const headersOf = async (scope: string, lifetime = '5m') => ({
      authorization: `Bearer ${await issuer.token({ scope }, { lifetime })}`,
    });
    const paying = await subscribeBySse(gateway.url, allUpdates, {}, await headersOf('payouts:create'));
    await expect(paying.next()).rejects.toThrow('FORBIDDEN');
    const reading = await subscribeBySse(gateway.url, allUpdates, {}, await headersOf('payouts:read', '2s'));
    await expect(reading.next()).rejects.toThrow('the stream has ended');
    expect(await reading.ended).toBe('cut');
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

  it('queries and subscriptions follow the same rules as over HTTP', async () => {
    const { gateway, addPayout, line } = await start();
    const client = connect(gateway.url);
    const query = client.iterate({ query: '{ payouts(first: 1) { totalCount } }' });
    expect((await query.next()).value).toEqual({ data: { payouts: { totalCount: 300 } } });
    expect(await line(({ socket }) => socket === true)).toMatchObject({
      msg: 'request',
      operation: 'query',
      leanCalls: 1,
      outcome: 'ok',
    });
    const tooExpensive = client.iterate({
      query: '{ a: __typename b: __typename c: __typename d: __typename e: __typename f: __typename }',
    });
    await expect(tooExpensive.next()).rejects.toMatchObject([
      { extensions: { code: 'OPERATION_TOO_EXPENSIVE' } },
    ]);
    const updates = client.iterate<{ payoutUpdated: { status: string } }>({ query: allUpdates });
    const first = updates.next();
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(1);
    const { paymentId } = addPayout();
    expect((await first).value).toMatchObject({ data: { payoutUpdated: { paymentId } } });
  });

  it('a connection needs a valid token, and an operation its scopes', async () => {
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
    expect(gateway.lean.requests.filter(({ query: sent }) => 'amount_min' in sent)).toEqual([]);
    const reading = connect(gateway.url, { authorization: `Bearer ${await token('payouts:read')}` });
    expect((await reading.iterate(query).next()).value).toMatchObject({ data: { payouts: {} } });
  });

  it('a payout in flight when the token expires is answered before the connection closes', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { gateway } = await start({ ...issuer.env, LEAN_TIMEOUT_MS: '30000' });
    gateway.lean.faults.add({ kind: 'latency', ms: 11_000, operation: 'createPayoutPayment' });
    const token = await issuer.token({ scope: 'payouts:read payouts:create' }, { lifetime: '10s' });
    const closed = Promise.withResolvers<number>();
    const client = createClient({
      url: gateway.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => undefined,
      connectionParams: { authorization: `Bearer ${token}` },
      on: {
        closed: event => {
          closed.resolve((event as { readonly code: number }).code);
        },
      },
    });
    const following = Array.fromAsync(client.iterate({ query: allUpdates }));
    const ended = expect(following).rejects.toMatchObject({ code: 4403 });
    const creating = client.iterate({
      query: createPayoutDocument,
      variables: { input: payoutInput('key-1') },
    });
    expect((await creating.next()).value).toMatchObject({
      data: { createPayout: { __typename: 'PayoutCreated' } },
    });
    expect(await closed.promise).toBe(4403);
    await ended;
  });

  it('a subscription through the exported server ends when the token expires', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { gateway } = await start(issuer.env);
    const token = await issuer.token({ scope: 'payouts:read' }, { lifetime: '2s' });
    const response = await gateway.graphql.fetch('http://gateway/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query: allUpdates }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await response.text()).not.toContain('event:');
  });

  it('a client connects again with a new token when its token expires, and misses no update', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { gateway, addPayout } = await start(issuer.env);
    const lifetimes = ['2s', '5m'];
    const sent: string[] = [];
    const client = createClient({
      url: gateway.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: async () => {
        const lifetime = lifetimes[sent.length] ?? '5m';
        sent.push(lifetime);
        return { authorization: `Bearer ${await issuer.token({ scope: 'payouts:read' }, { lifetime })}` };
      },
    });
    onTestFinished(() => void client.dispose());
    const updates = client.iterate<{ payoutUpdated: { paymentId: string } }>({ query: allUpdates });
    const next = updates.next();
    await expect.poll(() => sent, { timeout: 60_000 }).toEqual(lifetimes);
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(1);
    const { paymentId } = addPayout();
    expect((await next).value).toMatchObject({ data: { payoutUpdated: { paymentId } } });
  });

  it('a subscription that is unsubscribed ends at once, even if it has had no update', async () => {
    const { gateway, addPayout } = await start();
    const client = connect(gateway.url, {}, false);
    const mine = addPayout();
    const other = addPayout();
    const variables = { id: `po_${mine.intentId}` };
    const query = 'subscription ($id: ID!) { payoutUpdated(id: $id) { status } }';
    for (let times = 0; times < 20; times += 1) {
      const updates = client.iterate({ query, variables });
      void updates.next();
      await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(1);
      await updates.return?.();
      await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(0);
    }
    gateway.lean.payouts.change(other.paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    expect((await client.iterate({ query: '{ __typename }' }).next()).value).toEqual({
      data: { __typename: 'Query' },
    });
  });

  it('many operations on one connection cause no leak warning', async () => {
    const { gateway } = await start();
    const warnings: Error[] = [];
    const record = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', record);
    onTestFinished(() => void process.off('warning', record));
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
    expect(gateway.lean.requests.map(({ query: sent }) => sent['amount_min'])).toContain(
      '9007199254740993.01',
    );
  });

  it('a failure of Lean is logged', async () => {
    const { gateway, line } = await start();
    gateway.lean.faults.add({ kind: 'status', status: 422, operation: 'getPayoutIntent' });
    const query = { query: `{ payout(id: "${payoutIdOf(exampleIntentId)}") { id } }` };
    const result = await connect(gateway.url).iterate(query).next();
    expect(result.value).toMatchObject({ errors: [{ extensions: { code: 'LEAN_REFUSED' } }] });
    expect(JSON.stringify(result.value)).not.toContain('"http"');
    expect(await line(({ code }) => code === 'LEAN_REFUSED')).toMatchObject({ level: 40, path: 'payout' });
  });

  it('introspection is refused as over HTTP', async () => {
    const { gateway } = await start();
    const introspection = connect(gateway.url).iterate({ query: '{ __schema { queryType { name } } }' });
    await expect(introspection.next()).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  });

  it('operations count towards the rate limit', async () => {
    const { gateway } = await start({ RATE_LIMIT_REQUESTS: '2' });
    const client = connect(gateway.url, {}, false);
    const query = { query: '{ __typename }' };
    // The connection counts as the first request, and this operation as the last one.
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
    ['nothing', body, undefined],
    ['one by another secret', body, signatureOf(body, 'other')],
    ['a truncated one', body, signatureOf(body, secret).slice(0, -2)],
    ['one without its algorithm', body, signatureOf(body, secret).slice(7)],
    [
      'one of the same event with other whitespace',
      JSON.stringify(envelope, null, 2),
      signatureOf(body, secret),
    ],
    ['an empty one', body, ''],
  ])('with %s as the signature gets 401, and nothing is stored', async (_, text, signature) => {
    const { hook, gateway } = await start({}, { sendsWebhooks: false });
    expect((await post(hook, text, signature)).status).toBe(401);
    // If the first one had been stored, this one would count as a duplicate.
    await post(hook, body, signatureOf(body, secret));
    expect(await webhookCounts(gateway.origin)).toMatchObject({ unsigned: 1, stored: 1 });
  });

  it('with a signature by any of the secrets gets 200, and is stored once', async () => {
    const { hook, gateway } = await start(
      { LEAN_WEBHOOK_SECRET: `new-secret,${secret}` },
      { sendsWebhooks: false },
    );
    expect((await post(hook, body, signatureOf(body, secret))).status).toBe(200);
    expect((await post(hook, body, signatureOf(body, 'new-secret'))).status).toBe(200);
    const other = JSON.stringify({ ...envelope, type: 'entity.created', event_id: 'another' });
    expect((await post(hook, other, signatureOf(other, secret))).status).toBe(200);
    expect(await webhookCounts(gateway.origin)).toMatchObject({ stored: 1, duplicate: 1, ignored: 1 });
  });

  it('about a pay-in is stored and not published', async () => {
    const { gateway } = await start();
    gateway.lean.webhooks.sendUnrelatedEvent('pay_in');
    gateway.lean.webhooks.sendUnrelatedEvent('unknown_type');
    await gateway.lean.webhooks.settled();
    expect(gateway.lean.webhooks.sent.map(({ status }) => status)).toEqual([200, 200]);
    await expect
      .poll(() => webhookCounts(gateway.origin), { timeout: 20_000 })
      .toMatchObject({ stored: 1, ignored: 1, foreign: 1 });
  });

  it('with a false status does not change what is published', async () => {
    const { hook, gateway, addPayout } = await start({}, { sendsWebhooks: false });
    const stream = await subscribeBySse(gateway.url, allUpdates);
    const { paymentId, intentId } = addPayout();
    const falseEvent = JSON.stringify({
      ...envelope,
      payload: { id: paymentId, intent_id: intentId, status: 'FAILED' },
    });
    await post(hook, falseEvent, signatureOf(falseEvent, secret));
    expect(await stream.next()).toMatchObject({ payoutUpdated: { status: 'PENDING_WITH_BANK' } });
  });

  it('that is not a JSON object gets 400, and its content is not logged', async () => {
    const { hook, gateway, lines } = await start({}, { sendsWebhooks: false });
    for (const text of ['{"iban":"AE070331234567890123456"', '[]', 'null', ''])
      expect((await post(hook, text, signatureOf(text, secret))).status).toBe(400);
    expect(await webhookCounts(gateway.origin)).toMatchObject({ malformed: 4 });
    expect(JSON.stringify(lines)).not.toContain('AE0703');
  });

  it('of a megabyte gets 413', async () => {
    const { hook } = await start({}, { sendsWebhooks: false });
    const text = JSON.stringify({ ...envelope, message: 'x'.repeat(1_000_000) });
    const status = await post(hook, text, signatureOf(text, secret)).then(
      response => response.status,
      (error: unknown) => (error as { cause: { code: string } }).cause.code,
    );
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(status);
  });

  it('gets 404 if no secret is configured', async () => {
    const gateway = await startListeningGateway();
    onTestFinished(() => gateway.close());
    expect((await post(`${gateway.origin}/webhooks/lean`, body, signatureOf(body, secret))).status).toBe(404);
  });
});

async function webhookCounts(origin: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^lean_payouts_webhooks_total\{outcome="(\w+)"\} (\d+)$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
}

it('a payout whose outcome is unknown is found when its webhook arrives', async () => {
  const { gateway, line } = await start();
  gateway.lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
  const input = `{ idempotencyKey: "matching", accountId: "a0000000-0000-4000-8000-000000000001",
    destinationId: "d0000000-0000-4000-8000-000000000001", amount: { amount: "16.50", currency: "AED" },
    description: "INV", authorize: true }`;
  const { data } = await postOperation(
    gateway.url,
    `mutation { createPayout(input: ${input}) { __typename } }`,
  );
  expect(data).toEqual({ createPayout: { __typename: 'PayoutOutcomeUnknown' } });
  await line(({ msg }) => msg === 'a payout whose outcome was unknown is settled');
});

it('a webhook reschedules only the payouts with its amount and destination', async () => {
  const url = await freshDatabase(inject('postgresUrl'));
  const { gateway } = await start({ DATABASE_URL: url });
  gateway.lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 3 });
  for (const input of [
    payoutInput('matching'),
    payoutInput('other-destination', { destinationId: destinations.staysPending }),
    payoutInput('other-amount', { amount: { amount: '17.00', currency: 'AED' } }),
  ])
    expect((await postOperation(gateway.url, createPayoutDocument, { input })).data).toEqual({
      createPayout: { __typename: 'PayoutOutcomeUnknown' },
    });
  // So late that none of them is checked without a webhook.
  const later = Date.now() + 1_800_000;
  await query(url, `UPDATE lean_payout_requests SET next_check_at = ${String(later)}`);
  gateway.lean.payouts.add({
    status: 'PENDING_WITH_BANK',
    amount: '16.5',
    destinationId: destinations.pays,
    description: 'INV 001',
    externalReference: 'matching',
  });
  const states = () =>
    query(
      url,
      `SELECT r.idempotency_key AS key, p.state, r.next_check_at::float AS next
        FROM lean_payout_requests r JOIN lean_payout_records p USING (caller, idempotency_key) ORDER BY 1`,
    );
  await expect.poll(states, { timeout: 60_000 }).toEqual([
    { key: 'matching', state: 'created', next: expect.any(Number) as number },
    { key: 'other-amount', state: 'unknown', next: later },
    { key: 'other-destination', state: 'unknown', next: later },
  ]);
});
