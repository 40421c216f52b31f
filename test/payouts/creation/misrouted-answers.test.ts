import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { assert, describe, expect, it, onTestFinished } from 'vitest';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import { FakeLean } from '../../support/fake-lean.ts';
import { listening } from '../../support/started-server.ts';
import { freshStore, openTestStore } from '../../support/stores.ts';
import { createTestCore, keyOf, transfer } from '../../support/test-core.ts';

const minute = 60_000;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Starts a gateway before a Lean, and a proxy between them.
 * @param proxyTo the proxy's listener, which calls that of the Lean
 */
async function start(proxyTo: (lean: FakeLean) => Listener) {
  const clock = { ms: Date.now() };
  const now = (): number => clock.ms;
  const lean = new FakeLean(now);
  const server = createServer(proxyTo(lean));
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const store = openTestStore(await freshStore('SQLite'), { clock: now });
  const core = createTestCore(url, store, { now });
  await core.client.listPayouts({ page_number: '0', page_size: '1' });
  const sendsOf = (key: string) => lean.receivedCreations.filter(creation => creation.key === key);
  // The reference of each payout is derived from its key.
  const create = (key: string, destinationId?: string) =>
    core.create(key, { ...transfer(destinationId), externalReference: null });
  return { clock, lean, sendsOf, ...core, create, createTo: core.create };
}

function intentOf(lean: FakeLean, key: string): string {
  return lean.payouts.find(payout => payout.key === key)?.intentId ?? 'none';
}

/** A proxy that puts another intent into the response to the creation with a key. */
function answerCreationWith(key: string, intentOfAnswer: (lean: FakeLean) => string) {
  return (lean: FakeLean): Listener =>
    (request, response) => {
      if (request.headers['idempotency-key'] === key)
        changeBody(response, body => body.replace(intentOf(lean, key), intentOfAnswer(lean)));
      lean.listener(request, response);
    };
}

function changeBody(response: ServerResponse, change: (body: string) => string): void {
  const end = response.end.bind(response) as (body: string) => ServerResponse;
  response.end = ((body: string) => end(change(body))) as typeof response.end;
}

it('an answer about another intent proves nothing about a payout of unknown outcome', async () => {
  let misrouted = 0;
  // Once, the proxy answers the read of our intent with the intent of somebody else.
  const { clock, lean, create } = await start(lean => (request, response) => {
    if (misrouted === 0 && request.url === `/payouts/v1/intents/${intentOf(lean, 'order-1')}`) {
      misrouted += 1;
      const rent = lean.payouts.find(({ reference }) => reference === 'rent');
      request.url = `/payouts/v1/intents/${String(rent?.intentId)}`;
    }
    lean.listener(request, response);
  });
  lean.add({
    amount: '7',
    currency: 'AED',
    description: 'RENT',
    reference: 'rent',
    destinationId: destinations.staysPending,
  });
  lean.creationFaults = ['lost after Lean accepted it'];
  expect((await create('order-1')).kind).toBe('unknown');
  // Longer than the resend delay, after which a payout that is certainly absent is sent again.
  clock.ms += 12 * minute;
  expect((await create('order-1')).kind).toBe('unknown');
  expect(misrouted).toBe(1);
  clock.ms += minute;
  expect((await create('order-1')).kind).toBe('created');
  expect(lean.payouts.filter(({ key }) => key === 'order-1')).toHaveLength(1);
});

it('a creation never gets the response to an earlier request of its connection', async () => {
  // A connection that has carried a creation answers each later request with the first response again.
  const firstBodies = new WeakMap<object, string>();
  const { lean, create, client } = await start(lean => (request, response) => {
    const earlier = firstBodies.get(request.socket);
    if (earlier !== undefined) return void response.writeHead(200).end(earlier);
    const end = response.end.bind(response) as (body: string) => ServerResponse;
    response.end = ((body: string) => {
      if (request.method === 'POST') firstBodies.set(request.socket, body);
      return end(body);
    }) as typeof response.end;
    lean.listener(request, response);
  });
  for (const key of ['order-1', 'order-2', 'order-3']) {
    expect(await create(key)).toMatchObject({ kind: 'created', intentId: intentOf(lean, key) });
    await client.listPayouts({ page_number: '0', page_size: '1' });
  }
});

describe('a payout that the record of another key names', () => {
  /**
   * The answer to order-1 is lost, and the answer to order-2 names the payout of order-1. Both have the same amount and
   * destination.
   */
  async function startMisassigned() {
    let truncated = false;
    const started = await start(lean => {
      const listener = answerCreationWith('order-2', () => intentOf(lean, 'order-1'))(lean);
      return (request, response) => {
        if (truncated)
          changeBody(response, body => body.replace(/(?<="total_elements":)\d+/, total => `${total}1`));
        listener(request, response);
      };
    });
    const { lean, create, clock } = started;
    // This payout shows the gateway that Lean returns references unchanged.
    expect((await create('order-0', destinations.staysPending)).kind).toBe('created');
    clock.ms += 1000;
    lean.creationFaults = ['lost after Lean accepted it'];
    expect((await create('order-1')).kind).toBe('unknown');
    clock.ms += 1000;
    expect(await create('order-2')).toMatchObject({ kind: 'created', intentId: intentOf(lean, 'order-1') });
    clock.ms += 12 * minute;
    /** From now on Lean's list states more payouts than it shows. */
    const truncateList = () => {
      truncated = true;
    };
    return { ...started, truncateList };
  }

  it('is not sent again', async () => {
    const { clock, sendsOf, create, records } = await startMisassigned();
    for (let repetition = 0; repetition < 3; repetition += 1) {
      expect(await create('order-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
      expect(await records.read(keyOf('order-1'))).toMatchObject({ finding: 'recorded_for_other_key' });
      clock.ms += 11 * minute;
    }
    expect(sendsOf('order-1')).toHaveLength(1);
  });

  it.each([
    ['order-1', 'order-10'],
    ['order-10', 'order-1'],
    ['ORDER-1', 'order-1'],
  ])('is not sent again if its reference is %s and that of the other key %s', async (key, other) => {
    const { clock, lean, create, sendsOf } = await start(
      answerCreationWith(other, lean => intentOf(lean, key)),
    );
    expect((await create('reference-payout', destinations.staysPending)).kind).toBe('created');
    clock.ms += 1000;
    lean.creationFaults = ['lost after Lean accepted it'];
    expect((await create(key)).kind).toBe('unknown');
    clock.ms += 1000;
    expect(await create(other)).toMatchObject({ kind: 'created', intentId: intentOf(lean, key) });
    clock.ms += 12 * minute;
    expect(await create(key)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(sendsOf(key)).toHaveLength(1);
  });

  it('is not sent again if that record is of another amount and destination, which the answer did not show', async () => {
    const { clock, lean, create, createTo, sendsOf } = await start(lean => (request, response) => {
      if (request.headers['idempotency-key'] === 'order-2')
        changeBody(response, () =>
          JSON.stringify({
            payouts_payment_details: [
              { payment_intent_id: intentOf(lean, 'order-1'), destination_details: {} },
            ],
          }),
        );
      lean.listener(request, response);
    });
    expect((await create('order-0', destinations.staysPending)).kind).toBe('created');
    clock.ms += 1000;
    lean.creationFaults = ['lost after Lean accepted it'];
    expect((await create('order-1')).kind).toBe('unknown');
    clock.ms += 1000;
    const other = transfer(destinations.staysPending, {
      amount: { amount: '99' as Decimal, currency: 'AED' },
      externalReference: 'order-2',
    });
    expect((await createTo('order-2', other)).kind).toBe('created');
    clock.ms += 12 * minute;
    expect(await create('order-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(sendsOf('order-1')).toHaveLength(1);
  });

  it('is settled by an operator, who can neither call it unpaid nor have it sent again', async () => {
    const { lean, create, decisions, sendsOf } = await startMisassigned();
    const intentId = intentOf(lean, 'order-1');
    const decision = { intentId: null, by: 'ops', reason: 'seen', position: null, despite: null };
    for (const kind of ['not paid', 'send again'] as const)
      expect(await decisions.decide(keyOf('order-1'), { ...decision, kind })).toMatchObject({
        done: false,
        message: `Lean has a payout with its reference (${intentId}): settle it with --created. Nothing was changed.`,
      });
    const { done, message } = await decisions.decide(keyOf('order-1'), {
      ...decision,
      kind: 'created',
      intentId,
    });
    expect(done).toBe(true);
    expect(message).toContain('The record of another key names the same payout');
    expect(await create('order-1')).toMatchObject({ kind: 'created', intentId });
    expect(sendsOf('order-1')).toHaveLength(1);
  });

  it.each(['a payout like it', 'an incomplete list'])(
    'is not sent again by an operator who decides in spite of %s',
    async obstacle => {
      const { lean, create, decisions, sendsOf, records, truncateList } = await startMisassigned();
      const { amount, currency, description, destinationId } = lean.payouts[1] ?? assert.fail();
      if (obstacle === 'an incomplete list') truncateList();
      else lean.add({ amount, currency, description, destinationId, reference: null });
      expect((await create('order-1')).kind).toBe('unknown');
      const finding = (await records.read(keyOf('order-1')))?.finding ?? null;
      const decision = { intentId: null, by: 'ops', reason: 'seen', position: null };
      for (const kind of ['not paid', 'send again'] as const)
        for (const despite of [null, finding, 'list_incomplete'] as const)
          expect(await decisions.decide(keyOf('order-1'), { ...decision, kind, despite })).toMatchObject({
            done: false,
            message: expect.stringContaining(`(${intentOf(lean, 'order-1')}): settle it with --created.`),
          });
      expect((await create('order-1')).kind).toBe('unknown');
      expect(sendsOf('order-1')).toHaveLength(1);
    },
  );

  it('is read from Lean only once, however often it is compared', async () => {
    const read: string[] = [];
    const { clock, lean, create } = await start(lean => (request, response) => {
      if (request.url?.includes('/intents/') === true) read.push(request.url);
      lean.listener(request, response);
    });
    for (const key of ['salary-1', 'salary-2', 'salary-3']) expect((await create(key)).kind).toBe('created');
    lean.creationFaults = ['lost before Lean received it'];
    for (let repetition = 0; repetition < 3; repetition += 1) {
      expect((await create('order-1')).kind).toBe('unknown');
      clock.ms += minute;
    }
    expect(read.toSorted()).toEqual(
      ['salary-1', 'salary-2', 'salary-3'].map(key => `/payouts/v1/intents/${intentOf(lean, key)}`),
    );
  });

  it('may be one that Lean cannot show, as an operator has to confirm', async () => {
    let unreadable = '';
    const { clock, lean, create, decisions } = await start(lean => (request, response) => {
      if (request.url === `/payouts/v1/intents/${unreadable}`) changeBody(response, () => '{}');
      lean.listener(request, response);
    });
    expect((await create('order-0')).kind).toBe('created');
    unreadable = intentOf(lean, 'order-0');
    lean.creationFaults = ['lost before Lean received it'];
    expect((await create('order-1')).kind).toBe('unknown');
    clock.ms += 12 * minute;
    expect((await create('order-1')).kind).toBe('unknown');
    const decision = {
      kind: 'send again',
      intentId: null,
      by: 'ops',
      reason: 'seen',
      position: null,
    } as const;
    expect(await decisions.decide(keyOf('order-1'), { ...decision, despite: null })).toMatchObject({
      done: false,
      message: expect.stringContaining(`Lean could not show ${unreadable}, which may be this payout`),
    });
    const confirmed = { ...decision, despite: 'lean_unavailable' } as const;
    expect(await decisions.decide(keyOf('order-1'), confirmed)).toMatchObject({ done: true });
    clock.ms += 10_000;
    expect((await create('order-1')).kind).toBe('created');
    expect(lean.payouts).toHaveLength(2);
  });

  it('does not prevent another send of a payout that Lean has not accepted', async () => {
    const { clock, lean, create, sendsOf } = await start(lean => lean.listener);
    expect((await create('order-0')).kind).toBe('created');
    lean.creationFaults = ['lost before Lean received it'];
    expect((await create('order-1')).kind).toBe('unknown');
    clock.ms += 12 * minute;
    expect((await create('order-1')).kind).toBe('created');
    expect(sendsOf('order-1')).toHaveLength(2);
    expect(lean.payouts).toHaveLength(2);
  });
});
