import { describe, expect, it } from 'vitest';
import type { ReferencedTransfer } from '../../../src/payouts/creation/transfer.ts';
import type { PayoutRequest } from '../../../src/payouts/creation/payout-record.ts';
import { neverSent } from '../../../src/payouts/creation/send-history.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { destinations } from '../../../src/sandbox/named.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { json, later, rawServer, startLean } from '../../lean/wiring.ts';
import { creatingAt, keyOf, transfer } from '../../support/creating.ts';
import { openCrowd } from '../../support/open-crowd.ts';
import { freshStore, opened } from '../../support/stores.ts';

const sentAt = Date.parse('2026-03-01T12:00:00Z');
/** Long after the resend delay. */
const readAt = sentAt + 3_600_000;

/** A request that was sent once, and whose answer was lost. */
function lostRequest(...transfers: readonly ReferencedTransfer[]): PayoutRequest {
  return {
    ...keyOf('key-1'),
    fingerprint: '',
    leanKey: 'key-1',
    application: 'test',
    upstreamResponse: null,
    records: transfers.map((each, position) => ({
      position,
      transfer: each,
      state: 'unknown',
      intentId: null,
      paymentId: null,
      answer: null,
    })),
    inFlight: false,
    leases: 1,
    sends: {
      ...neverSent,
      count: 1,
      firstAt: sentAt,
      lastAt: sentAt,
      until: sentAt + 10_000,
      leanFirstAt: sentAt,
      leanUntil: sentAt + 10_000,
      delayMs: 600_000,
    },
    refusal: null,
    finding: null,
    duplicateIntents: [],
    judgedPayouts: [],
    similarUnknownKey: null,
    createdAt: sentAt,
    changedAt: sentAt,
    checks: 0,
    nextCheckAt: null,
    readAt,
  };
}

async function searching(options: SandboxOptions = {}) {
  const clock = { ms: readAt };
  const lean = await startLean({ clock: () => clock.ms, ...options });
  const database = opened(await freshStore('SQLite'), { clock: () => clock.ms });
  const core = creatingAt(lean.url, database, { now: () => clock.ms });
  return {
    lean,
    clock,
    database,
    ...core,
    find: (...transfers: readonly ReferencedTransfer[]) =>
      core.matcher.search(lostRequest(...transfers), { deadline: later() }),
  };
}

const ours = {
  amount: '16.5',
  destinationId: destinations.pays,
  externalReference: 'order-1',
  createdAt: '2026-03-01T12:00:01Z',
};

describe('a lost payout', () => {
  it('is found on whichever page of Lean’s list it is', async () => {
    const { lean, find } = await searching();
    for (let index = 0; index < 250; index += 1)
      lean.payouts.add({ ...ours, amount: '99', createdAt: `2026-03-01T12:00:0${String(index % 10)}Z` });
    const { intentId } = lean.payouts.add(ours);
    expect(await find(transfer())).toMatchObject({ found: [{ position: 0, answer: { intentId } }] });
  });

  it.each(['2026-03-01T11:56:00Z', '2026-03-01T12:14:00Z'])(
    'is found although Lean took it at %s',
    async createdAt => {
      const { lean, find } = await searching();
      const { intentId } = lean.payouts.add({ ...ours, createdAt });
      expect(await find(transfer())).toMatchObject({ found: [{ answer: { intentId } }] });
    },
  );

  it('is found although the store’s clock was ahead at the send, where Lean’s time of it is not known', async () => {
    const { lean, matcher } = await searching();
    const { intentId } = lean.payouts.add(ours);
    const request = lostRequest(transfer());
    const noted = sentAt + 540_000;
    const sends = { ...request.sends, firstAt: noted, lastAt: noted, until: noted + 10_000 };
    const untimed = { ...request, sends: { ...sends, leanFirstAt: null, leanUntil: null } };
    expect(await matcher.search(untimed, { deadline: later() })).toMatchObject({
      found: [{ answer: { intentId } }],
    });
  });

  it.each([
    ['another amount', { amount: '18.50' }],
    [
      'another reference and destination',
      { externalReference: 'other', destinationId: destinations.staysPending },
    ],
    ['another time', { createdAt: '2026-03-01T09:00:00Z' }],
  ])('is not taken for one with %s', async (_what, change) => {
    const { lean, find } = await searching();
    lean.payouts.add({ ...ours, ...change });
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'absent', candidates: [] });
  });

  it('has the state that Lean’s list gives as long as there is no payment', async () => {
    const { lean, find } = await searching();
    lean.payouts.add({ ...ours, status: 'AWAITING_AUTHORIZATION' });
    expect(await find(transfer())).toMatchObject({
      found: [{ answer: { kind: 'created', state: { status: 'AWAITING_AUTHORIZATION' } } }],
    });
  });

  it('that Lean has twice in a batch is a duplicate, and the others are judged all the same', async () => {
    const { lean, find } = await searching();
    const ids = [lean.payouts.add(ours).intentId, lean.payouts.add(ours).intentId];
    const { intentId } = lean.payouts.add({ ...ours, externalReference: 'order-2' });
    const second = transfer(undefined, { externalReference: 'order-2' });
    const { found, finding, duplicates } = await find(transfer(), second);
    expect(found).toMatchObject([{ position: 1, answer: { intentId } }]);
    expect(finding).toBe('several_at_lean');
    expect(duplicates.toSorted()).toEqual(ids.toSorted());
  });
});

describe('a payout that may be a lost one', () => {
  it.each([
    ['a rounded amount', { amount: '17' }],
    ['another destination', { destinationId: destinations.staysPending }],
  ])('is known to carry its reference although it has %s', async (_what, change) => {
    const { lean, find } = await searching();
    lean.payouts.add({ ...ours, ...change });
    expect(await find(transfer())).toMatchObject({
      candidates: [{ match: 'may be', carriesReference: true }],
    });
  });

  it.each([null, 'order', 'order-11', 'ORDER-1'])(
    'does not carry its reference when Lean shows %j',
    async externalReference => {
      const { lean, find } = await searching();
      lean.payouts.add({ ...ours, externalReference });
      expect(await find(transfer())).toMatchObject({ candidates: [{ carriesReference: false }] });
    },
  );
});

describe('at a Lean that keeps no references', () => {
  const sar = { amount: { amount: '16.50' as Decimal, currency: 'SAR' } };
  const taken = { amount: '16.5', destinationId: destinations.pays, createdAt: ours.createdAt };

  it.each([
    ['accents are dropped', 'Café 12', 'Cafe 12'],
    ['other characters are replaced', 'Loyer été', 'Loyer ?t?'],
    ['other digits are used', 'راتب ١٢', 'راتب 12'],
  ])('a lost payout may be one in whose description %s', async (_what, sent, description) => {
    const { lean, find } = await searching({ profile: 'ksa' });
    lean.payouts.add({ ...taken, description });
    expect(await find(transfer(undefined, { ...sar, description: sent }))).toMatchObject({
      finding: 'look_alike',
      candidates: [{ match: 'may be' }],
    });
  });

  it.each([
    ['prefixed', 'PAYOUT INV 001'],
    ['cut', 'INV 0'],
    ['prefixed and cut', 'PAYOUT LEAN/INV 0'],
  ])('a lost payout may be one whose description is %s', async (_what, description) => {
    const { lean, find } = await searching({ profile: 'ksa' });
    lean.payouts.add({ ...taken, description });
    expect(await find(transfer(undefined, sar))).toMatchObject({ finding: 'look_alike' });
  });

  it('a lost payout may be one whose IBAN is masked', async () => {
    const { lean, find, client } = await searching({ profile: 'ksa' });
    lean.payouts.add({ ...taken, description: 'INV 001' });
    const listPayouts = client.listPayouts.bind(client);
    client.listPayouts = async (...args) => {
      const listed = await listPayouts(...args);
      const content = listed.page.content?.map(row => ({ ...row, recipient_iban: 'SA03********7519' }));
      return { ...listed, page: { ...listed.page, ...(content && { content }) } };
    };
    expect(await find(transfer(undefined, sar))).toMatchObject({ finding: 'look_alike' });
  });

  it.each([
    ['description', { description: 'INV 002' }],
    ['account', { description: 'INV 001', destinationId: destinations.staysPending }],
  ])('a lost payout is not taken for one of another %s', async (_what, change) => {
    const { lean, find } = await searching({ profile: 'ksa' });
    lean.payouts.add({ ...taken, ...change });
    expect(await find(transfer(undefined, sar))).toMatchObject({ finding: 'absent', candidates: [] });
  });
});

it('a lost payout may be one to a destination that Lean cannot show right now', async () => {
  const { lean, find } = await searching({ profile: 'ksa' });
  lean.payouts.add({ amount: '16.5', description: 'INV 001', createdAt: ours.createdAt });
  lean.faults.add({ kind: 'status', status: 500, operation: 'getDestination' });
  const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency: 'SAR' } });
  expect(await find(wanted)).toMatchObject({
    finding: 'lean_unavailable',
    candidates: [{ match: 'may be', unread: true }],
  });
});

it('a lost payout may be one whose intent cannot be read, whatever its row shows', async () => {
  const { lean, find } = await searching();
  lean.payouts.add({ ...ours, description: 'RENT', destinationId: destinations.staysPending });
  lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutIntent' });
  expect(await find(transfer())).toMatchObject({
    finding: 'lean_unavailable',
    candidates: [{ match: 'may be', unread: true }],
  });
});

describe('among a hundred equal salaries with references of their own', () => {
  const salary = (index: number) => `SAL-${String(index).padStart(3, '0')}`;

  it('a lost one is found', async () => {
    const { lean, clock, create, find } = await searching();
    clock.ms = sentAt;
    for (let index = 0; index < 20; index += 1)
      await create(salary(index), transfer(undefined, { externalReference: salary(index) }));
    for (let index = 20; index < 100; index += 1)
      lean.payouts.add({ ...ours, externalReference: salary(index) });
    clock.ms = readAt;
    const wanted = transfer(undefined, { externalReference: salary(50) });
    expect(await find(wanted)).toMatchObject({ found: [{ position: 0 }], duplicates: [] });
  });

  it('one that Lean does not have is absent, and not unclear', async () => {
    const { lean, client, clock, create, find } = await searching();
    clock.ms = sentAt - 60_000;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    await create('known', transfer(undefined, { externalReference: 'known' }));
    for (let index = 0; index < 99; index += 1)
      lean.payouts.add({ ...ours, externalReference: salary(index) });
    clock.ms = readAt;
    expect(await find(transfer(undefined, { externalReference: salary(200) }))).toMatchObject({
      found: [],
      finding: 'absent',
    });
  });
});

it('a payout that must be in the list is found there although Lean stamps its rows minutes earlier', async () => {
  const { lean, client, clock, create, find } = await searching();
  clock.ms = sentAt - 210_000;
  await client.listPayouts({ page_number: '0', page_size: '1' });
  const created = await create('known', transfer(undefined, { externalReference: 'known' }));
  if (created.kind !== 'created') throw new Error('Lean did not take it');
  lean.payouts.clear();
  const createdAt = new Date(clock.ms - 120_000).toISOString();
  lean.payouts.add({ ...ours, externalReference: 'known', intentId: created.intentId, createdAt });
  clock.ms = readAt;
  expect(await find(transfer())).toMatchObject({ finding: 'absent' });
});

it('one answer that there is no call for intents does not hide a payout that only its intent shows', async () => {
  const { lean, find } = await searching();
  const { intentId } = lean.payouts.add({ ...ours, description: 'in other words' });
  lean.faults.add({
    kind: 'status',
    status: 404,
    code: 'INVALID_URL',
    operation: 'getPayoutIntent',
    times: 1,
  });
  expect(await find(transfer())).toMatchObject({ found: [{ answer: { intentId } }] });
});

describe('it is unclear whether Lean has a lost payout', () => {
  it.each([
    ['a reference that is not there', { externalReference: null }],
    ['a reference that was cut', { externalReference: 'order' }],
    ['a reference in another case', { externalReference: 'ORDER-1' }],
    ['a reference with other blanks', { externalReference: 'order 1' }],
    ['an amount that was rounded', { amount: '17' }],
    ['an amount that was cut', { amount: '16' }],
    ['another reference, at a Lean that is not seen to give references back', { externalReference: 'xyz' }],
  ])('when there is one like it with %s', async (_what, change) => {
    const { lean, find } = await searching();
    lean.payouts.add({ ...ours, ...change });
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'look_alike', candidates: [{}] });
  });

  const listing = async (change: object) => {
    const row = {
      payment_id: 'p',
      payment_intent_id: 'i',
      amount: 16.5,
      currency: 'AED',
      status: 'CREATED',
      created_at: '2026-03-01T12:00:01Z',
    };
    const { url } = await rawServer((response, { target }) =>
      target.includes('/intents/') || target.includes('/destinations/')
        ? json(response, {}, 404)
        : json(response, { content: [{ ...row, ...change }], page: { total_elements: 1 } }),
    );
    const { matcher } = creatingAt(url, opened(await freshStore('SQLite')));
    return matcher.search(lostRequest(transfer()), { deadline: later() });
  };

  it('when a row names an intent that Lean does not know', async () => {
    expect(await listing({})).toMatchObject({ found: [], finding: 'look_alike' });
  });

  it('when a row names no intent: the list proves nothing', async () => {
    expect(await listing({ payment_intent_id: null })).toMatchObject({
      found: [],
      finding: 'list_incomplete',
    });
  });

  it('when another key of unknown outcome has the same reference', async () => {
    const { lean, clock, create, client, find } = await searching();
    clock.ms = sentAt;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-2');
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'reference_shared' });
  });
});

it('a payout with the reference of another key of unknown outcome is that key’s', async () => {
  const { lean, clock, create, client, find } = await searching();
  clock.ms = sentAt;
  await client.listPayouts({ page_number: '0', page_size: '1' });
  lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
  await create('key-2', transfer(undefined, { externalReference: 'invoice-7' }));
  lean.payouts.add({ ...ours, externalReference: 'invoice-7' });
  clock.ms = readAt;
  expect(await find(transfer())).toMatchObject({ found: [], finding: 'absent', candidates: [] });
});

describe('of two open keys whose references begin alike', () => {
  const references = ['order-1', 'order-11'] as const;

  /** Readings of the key that Lean has taken and of the one that it has not, where it is seen to return `known`. */
  async function readings(known: string, taken: 0 | 1, lost: 0 | 1) {
    const { lean, clock, create, client, records, matcher } = await searching();
    clock.ms = sentAt;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    await create('known', transfer(undefined, { externalReference: known }));
    for (const externalReference of references) {
      const kind = externalReference === references[taken] ? 'drop_after' : 'drop_before';
      lean.faults.add({ kind, operation: 'createPayoutPayment', times: 1 });
      await create(externalReference, transfer(undefined, { externalReference }));
    }
    clock.ms = readAt;
    const readingOf = async (key: string) => {
      const request = await records.read(keyOf(key));
      return request && matcher.search(request, { deadline: later() });
    };
    return { taken: await readingOf(references[taken]), lost: await readingOf(references[lost]) };
  }

  it.each([
    [0, 1],
    [1, 0],
  ] as const)('the one that Lean has is found, and the other one is absent (%i, %i)', async (taken, lost) => {
    expect(await readings('order-99', taken, lost)).toMatchObject({
      taken: { found: [{}] },
      lost: { found: [], finding: 'absent' },
    });
  });

  it('neither is judged by the other one where references of their length may be cut', async () => {
    const { taken, lost } = await readings('order-2', 0, 1);
    expect(taken).toMatchObject({ found: [] });
    expect(lost).toMatchObject({ found: [], finding: 'look_alike' });
  });
});

describe('among more open keys than are compared, a lost payout', () => {
  const crowded = async () => {
    const core = await searching();
    const { lean, clock, create, client, database } = core;
    clock.ms = sentAt;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    const other = { amount: '7' as Decimal, currency: 'AED' };
    await create('like', transfer(undefined, { externalReference: 'like', amount: other }));
    await openCrowd(database, 'like', 5000);
    return core;
  };

  it('is found at a Lean that gives references back', async () => {
    const { lean, clock, create, find } = await crowded();
    await create('known', transfer(undefined, { externalReference: 'known' }));
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [{}] });
  });

  it('is not found by its reference alone, since Lean may have changed that of another one', async () => {
    const { lean, clock, find } = await crowded();
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'look_alike' });
  });

  it('is not found where another one of them has its reference', async () => {
    const { lean, clock, create, find } = await crowded();
    await create('known', transfer(undefined, { externalReference: 'known' }));
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-2');
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'reference_shared' });
  });
});

it('more payouts with a reference than transfers are duplicates, and none of them is taken', async () => {
  const { lean, find } = await searching();
  const ids = [lean.payouts.add(ours).intentId, lean.payouts.add(ours).intentId];
  const reading = await find(transfer());
  expect(reading).toMatchObject({ found: [], finding: 'several_at_lean' });
  expect(new Set(reading.duplicates)).toEqual(new Set(ids));
});

describe('an intent with two payments', () => {
  const second = '2026-03-01T12:00:02Z';
  const order = [
    ['first', 'FAILED', 'ACCEPTED_BY_BANK'],
    ['last', 'ACCEPTED_BY_BANK', 'FAILED'],
  ] as const;

  it('of another payout does not make the list incomplete', async () => {
    const { lean, find } = await searching();
    const { intentId } = lean.payouts.add({ ...ours, amount: '99', status: 'FAILED' });
    lean.payouts.add({ ...ours, amount: '99', intentId });
    expect(await find(transfer())).toMatchObject({ finding: 'absent', isWhole: true });
  });

  it.each(order)('of which the %s one has failed is found as taken', async (_which, one, other) => {
    const { lean, find } = await searching();
    const { intentId } = lean.payouts.add({ ...ours, status: one });
    lean.payouts.add({ ...ours, status: other, createdAt: second, intentId });
    expect(await find(transfer())).toMatchObject({
      found: [{ answer: { kind: 'created', intentId, state: { status: 'ACCEPTED_BY_BANK' } } }],
      failed: [],
      duplicates: [],
    });
  });

  it('is taken by the row of its payment, also where rows do not name payments', async () => {
    const { lean, find, client } = await searching();
    const { intentId } = lean.payouts.add({ ...ours });
    lean.payouts.add({ ...ours, status: 'FAILED', createdAt: second, intentId });
    const listPayouts = client.listPayouts.bind(client);
    client.listPayouts = async (...args) => {
      const listed = await listPayouts(...args);
      const content = listed.page.content?.map(row => ({ ...row, payment_id: null }));
      return { ...listed, page: { ...listed.page, ...(content && { content }) } };
    };
    expect(await find(transfer())).toMatchObject({
      found: [{ answer: { kind: 'created', intentId } }],
      failed: [],
    });
  });

  it.each(order)(
    'of which the %s one has failed may be a lost payout that is not failed, where Lean keeps no references',
    async (_which, one, other) => {
      const { lean, find } = await searching({ profile: 'ksa' });
      const taken = { amount: '16.5', description: 'INV 001' };
      const { intentId } = lean.payouts.add({ ...taken, status: one, createdAt: ours.createdAt });
      lean.payouts.add({ ...taken, status: other, createdAt: second, intentId });
      const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency: 'SAR' } });
      const { candidates } = await find(wanted);
      expect(candidates).toMatchObject([{ row: { intentId }, failed: false }]);
    },
  );

  it('that are both taken leaves open whether one of them is of another transfer of its batch', async () => {
    const { lean, find } = await searching();
    const { intentId } = lean.payouts.add(ours);
    lean.payouts.add({ ...ours, intentId });
    const other = transfer(undefined, { externalReference: 'order-2' });
    expect(await find(transfer(), other)).toMatchObject({ found: [{ position: 0 }], finding: 'look_alike' });
  });
});

it('a failed payout beside one that Lean has taken is no duplicate', async () => {
  const { lean, find } = await searching();
  const { intentId } = lean.payouts.add(ours);
  lean.payouts.add({ ...ours, status: 'FAILED' });
  expect(await find(transfer())).toMatchObject({ found: [{ answer: { intentId } }], duplicates: [] });
});

describe('nothing is judged absent', () => {
  const emptyList = { content: [], page: { total_elements: 0 } };
  const listing = async (list: (query: URLSearchParams) => unknown, headers: Record<string, string> = {}) => {
    const { url } = await rawServer((response, { target }) => {
      response.setHeader('date', new Date(readAt).toUTCString());
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      json(response, list(new URL(target, 'http://lean').searchParams));
    });
    const { matcher } = creatingAt(url, opened(await freshStore('SQLite')), { now: () => readAt });
    return matcher.search(lostRequest(transfer()), { deadline: later() });
  };
  const row = (index: number) => ({
    payment_intent_id: `intent-${String(index)}`,
    amount: 99,
    currency: 'AED',
    created_at: new Date(sentAt + index).toISOString(),
  });

  it('where the list is empty, this is what the other rules are measured against', async () => {
    expect(await listing(() => emptyList)).toMatchObject({ finding: 'absent' });
  });

  it('by a list that does not state its total', async () => {
    expect(await listing(() => ({ content: [] }))).toMatchObject({ finding: 'list_incomplete' });
  });

  it('by a list that states more rows than it gives', async () => {
    expect(await listing(() => ({ content: [row(1)], page: { total_elements: 2 } }))).toMatchObject({
      finding: 'list_incomplete',
    });
  });

  it('by a list that gives a row twice in place of another', async () => {
    expect(await listing(() => ({ content: [row(1), row(1)], page: { total_elements: 2 } }))).toMatchObject({
      finding: 'list_incomplete',
    });
  });

  it('by a list that shows a payout a second time, with its payment, in place of another', async () => {
    const list = (query: URLSearchParams) => {
      const isFirst = query.get('page_number') === '0';
      const rows = [isFirst ? row(1) : { ...row(1), payment_id: 'payment-1' }];
      return { content: rows, page: { total_elements: 2 } };
    };
    expect(await listing(list)).toMatchObject({ finding: 'list_incomplete' });
  });

  it('by a list whose total is capped at the size of the page', async () => {
    const list = (query: URLSearchParams) => {
      const size = Number(query.get('page_size'));
      const rows = Array.from({ length: size }, (_, index) => row(index));
      return { content: query.get('page_number') === '0' ? rows : [], page: { total_elements: size } };
    };
    expect(await listing(list)).toMatchObject({ finding: 'list_incomplete' });
  });

  it('by answers without a date', async () => {
    expect(await listing(() => emptyList, { date: '' })).toMatchObject({ finding: 'lean_time_unknown' });
  });

  it('by a list that is too long to be read', async () => {
    const list = (query: URLSearchParams) => {
      const size = Number(query.get('page_size'));
      const first = Number(query.get('page_number')) * size;
      return {
        content: Array.from({ length: size }, (_, index) => row(first + index)),
        page: { total_elements: 1_000_000 },
      };
    };
    expect(await listing(list)).toMatchObject({ finding: 'list_too_long' });
  });
});

it('pages that shift while they are read are read again in smaller windows', async () => {
  const { lean, find, client } = await searching();
  for (let index = 0; index < 150; index += 1)
    lean.payouts.add({
      amount: '99',
      createdAt: new Date(sentAt + index * 1000).toISOString(),
    });
  const listPayouts = client.listPayouts.bind(client);
  let shifts = 3;
  client.listPayouts = async (...args) => {
    const listed = await listPayouts(...args);
    // A payout that Lean lists late comes between two pages.
    if (args[0].page_number === '1' && (shifts -= 1) > 0)
      lean.payouts.add({ amount: '98', createdAt: new Date(sentAt + 400_000).toISOString() });
    return listed;
  };
  expect(await find(transfer())).toMatchObject({ finding: 'absent' });
});

it('Lean’s amount filter is not used', async () => {
  const { lean, find } = await searching();
  await find(transfer());
  for (const { query } of lean.requests) expect(Object.keys(query).join()).not.toContain('amount');
});

it('amounts are compared as decimals, whatever their size', async () => {
  const { lean, find } = await searching();
  const { intentId } = lean.payouts.add({ ...ours, amount: '9007199254740993.01' });
  const wanted = transfer(undefined, {
    amount: { amount: '9007199254740993.01' as Decimal, currency: 'AED' },
  });
  expect(await find(wanted)).toMatchObject({ found: [{ answer: { intentId } }] });
});
