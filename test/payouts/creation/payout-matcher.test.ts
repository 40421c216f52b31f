import { describe, expect, it } from 'vitest';
import type { ReferencedTransfer } from '../../../src/payouts/creation/transfer.ts';
import type { PayoutRequest } from '../../../src/payouts/creation/payout-record.ts';
import { neverSent } from '../../../src/payouts/creation/send-history.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { json, farDeadline, rawServer, startLean } from '../../lean/fixtures.ts';
import { createTestCore, keyOf, transfer } from '../../support/test-core.ts';
import { copyOpenRequest } from '../../support/copied-requests.ts';
import { freshStore, openTestStore } from '../../support/stores.ts';

const sentAt = Date.parse('2026-03-01T12:00:00Z');
/** An hour later, after the resend delay. */
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
    lastCheckAt: null,
    readAt,
  };
}

async function startMatcher(options: SandboxOptions = {}) {
  const clock = { ms: readAt };
  const lean = await startLean({ clock: () => clock.ms, ...options });
  const database = openTestStore(await freshStore('SQLite'), { clock: () => clock.ms });
  const core = createTestCore(lean.url, database, { now: () => clock.ms });
  return {
    lean,
    clock,
    database,
    ...core,
    find: (...transfers: readonly ReferencedTransfer[]) =>
      core.matcher.search(lostRequest(...transfers), { deadline: farDeadline() }),
  };
}

const ours = {
  amount: '16.5',
  destinationId: destinations.pays,
  externalReference: 'order-1',
  createdAt: '2026-03-01T12:00:01Z',
};

describe('a lost payout', () => {
  it('a lost payout is found on any page of Lean’s list', async () => {
    const { lean, find } = await startMatcher();
    for (let index = 0; index < 250; index += 1)
      lean.payouts.add({ ...ours, amount: '99', createdAt: `2026-03-01T12:00:0${String(index % 10)}Z` });
    const { intentId } = lean.payouts.add(ours);
    expect(await find(transfer())).toMatchObject({ found: [{ position: 0, answer: { intentId } }] });
  });

  it.each(['2026-03-01T11:56:00Z', '2026-03-01T12:14:00Z'])(
    'a lost payout of 12:00 is found although Lean’s list shows %s',
    async createdAt => {
      const { lean, find } = await startMatcher();
      const { intentId } = lean.payouts.add({ ...ours, createdAt });
      expect(await find(transfer())).toMatchObject({ found: [{ answer: { intentId } }] });
    },
  );

  it('a lost payout is found although the store’s clock was ahead and Lean’s time was unknown at the send', async () => {
    const { lean, matcher } = await startMatcher();
    const { intentId } = lean.payouts.add(ours);
    const request = lostRequest(transfer());
    const recordedAt = sentAt + 540_000;
    const sends = { ...request.sends, firstAt: recordedAt, lastAt: recordedAt, until: recordedAt + 10_000 };
    const withoutLeanTime = { ...request, sends: { ...sends, leanFirstAt: null, leanUntil: null } };
    expect(await matcher.search(withoutLeanTime, { deadline: farDeadline() })).toMatchObject({
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
  ])('a lost payout does not match a payout with %s', async (_what, change) => {
    const { lean, find } = await startMatcher();
    lean.payouts.add({ ...ours, ...change });
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'absent', candidates: [] });
  });

  it('a found payout has the state of Lean’s list as long as it has no payment', async () => {
    const { lean, find } = await startMatcher();
    lean.payouts.add({ ...ours, status: 'AWAITING_AUTHORIZATION' });
    expect(await find(transfer())).toMatchObject({
      found: [{ answer: { kind: 'created', state: { status: 'AWAITING_AUTHORIZATION' } } }],
    });
  });

  it('a transfer with two payouts is a duplicate and does not prevent the other transfer of its batch from being found', async () => {
    const { lean, find } = await startMatcher();
    const ids = [lean.payouts.add(ours).intentId, lean.payouts.add(ours).intentId];
    const { intentId } = lean.payouts.add({ ...ours, externalReference: 'order-2' });
    const second = transfer(undefined, { externalReference: 'order-2' });
    const { found, finding, duplicates } = await find(transfer(), second);
    expect(found).toMatchObject([{ position: 1, answer: { intentId } }]);
    expect(finding).toBe('several_at_lean');
    expect(duplicates.toSorted()).toEqual(ids.toSorted());
  });
});

describe('a candidate', () => {
  it.each([
    ['a rounded amount', { amount: '17' }],
    ['another destination', { destinationId: destinations.staysPending }],
  ])('a candidate carries the reference although it has %s', async (_what, change) => {
    const { lean, find } = await startMatcher();
    lean.payouts.add({ ...ours, ...change });
    expect(await find(transfer())).toMatchObject({
      candidates: [{ match: 'may be', carriesReference: true }],
    });
  });

  it.each([null, 'order', 'order-11', 'ORDER-1'])(
    'a candidate does not carry the reference if Lean shows %j',
    async externalReference => {
      const { lean, find } = await startMatcher();
      lean.payouts.add({ ...ours, externalReference });
      expect(await find(transfer())).toMatchObject({ candidates: [{ carriesReference: false }] });
    },
  );
});

describe('at a Lean without references', () => {
  const sar = { amount: { amount: '16.50' as Decimal, currency: 'SAR' } };
  const accepted = { amount: '16.5', destinationId: destinations.pays, createdAt: ours.createdAt };

  it.each([
    ['accents are missing', 'Café 12', 'Cafe 12'],
    ['other characters are replaced', 'Loyer été', 'Loyer ?t?'],
    ['other digits are used', 'راتب ١٢', 'راتب 12'],
  ])('a payout may be a lost one if %s in its description', async (_what, sent, description) => {
    const { lean, find } = await startMatcher({ profile: 'ksa' });
    lean.payouts.add({ ...accepted, description });
    expect(await find(transfer(undefined, { ...sar, description: sent }))).toMatchObject({
      finding: 'look_alike',
      candidates: [{ match: 'may be' }],
    });
  });

  it.each([
    ['prefixed', 'PAYOUT INV 001'],
    ['truncated', 'INV 0'],
    ['prefixed and truncated', 'PAYOUT LEAN/INV 0'],
  ])('a payout may be a lost one if its description is %s', async (_what, description) => {
    const { lean, find } = await startMatcher({ profile: 'ksa' });
    lean.payouts.add({ ...accepted, description });
    expect(await find(transfer(undefined, sar))).toMatchObject({ finding: 'look_alike' });
  });

  it('a payout may be a lost one if its IBAN is masked', async () => {
    const { lean, find, client } = await startMatcher({ profile: 'ksa' });
    lean.payouts.add({ ...accepted, description: 'INV 001' });
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
  ])('a payout with another %s does not match a lost one', async (_what, change) => {
    const { lean, find } = await startMatcher({ profile: 'ksa' });
    lean.payouts.add({ ...accepted, ...change });
    expect(await find(transfer(undefined, sar))).toMatchObject({ finding: 'absent', candidates: [] });
  });
});

it('a payout may be a lost one if Lean fails to show the destination', async () => {
  const { lean, find } = await startMatcher({ profile: 'ksa' });
  lean.payouts.add({ amount: '16.5', description: 'INV 001', createdAt: ours.createdAt });
  lean.faults.add({ kind: 'status', status: 500, operation: 'getDestination' });
  const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency: 'SAR' } });
  expect(await find(wanted)).toMatchObject({
    finding: 'lean_unavailable',
    candidates: [{ match: 'may be', unreadable: true }],
  });
});

it('a payout may be a lost one if its intent cannot be read, whatever its row shows', async () => {
  const { lean, find } = await startMatcher();
  lean.payouts.add({ ...ours, description: 'RENT', destinationId: destinations.staysPending });
  lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutIntent' });
  expect(await find(transfer())).toMatchObject({
    finding: 'lean_unavailable',
    candidates: [{ match: 'may be', unreadable: true }],
  });
});

describe('a hundred equal salaries with different references', () => {
  const salary = (index: number) => `SAL-${String(index).padStart(3, '0')}`;

  it('a lost payout is found by its reference among a hundred equal ones', async () => {
    const { lean, clock, create, find } = await startMatcher();
    clock.ms = sentAt;
    for (let index = 0; index < 20; index += 1)
      await create(salary(index), transfer(undefined, { externalReference: salary(index) }));
    for (let index = 20; index < 100; index += 1)
      lean.payouts.add({ ...ours, externalReference: salary(index) });
    clock.ms = readAt;
    const wanted = transfer(undefined, { externalReference: salary(50) });
    expect(await find(wanted)).toMatchObject({ found: [{ position: 0 }], duplicates: [] });
  });

  it('an absent payout is absent and not UNCLEAR among a hundred equal ones', async () => {
    const { lean, client, clock, create, find } = await startMatcher();
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

it('the reference payout is found although the clock of Lean’s rows is minutes behind', async () => {
  const { lean, client, clock, create, find } = await startMatcher();
  clock.ms = sentAt - 210_000;
  await client.listPayouts({ page_number: '0', page_size: '1' });
  const created = await create('known', transfer(undefined, { externalReference: 'known' }));
  if (created.kind !== 'created') throw new Error('the payout was not created');
  lean.payouts.clear();
  const createdAt = new Date(clock.ms - 120_000).toISOString();
  lean.payouts.add({ ...ours, externalReference: 'known', intentId: created.intentId, createdAt });
  clock.ms = readAt;
  expect(await find(transfer())).toMatchObject({ finding: 'absent' });
});

it('one INVALID_URL for an intent does not hide a payout that only its intent identifies', async () => {
  const { lean, find } = await startMatcher();
  const { intentId } = lean.payouts.add({ ...ours, description: 'another description' });
  lean.faults.add({
    kind: 'status',
    status: 404,
    code: 'INVALID_URL',
    operation: 'getPayoutIntent',
    times: 1,
  });
  expect(await find(transfer())).toMatchObject({ found: [{ answer: { intentId } }] });
});

describe('a lost payout that cannot be identified', () => {
  it.each([
    ['no reference', { externalReference: null }],
    ['a truncated reference', { externalReference: 'order' }],
    ['a reference in another case', { externalReference: 'ORDER-1' }],
    ['a reference with other whitespace', { externalReference: 'order 1' }],
    ['a rounded amount', { amount: '17' }],
    ['a truncated amount', { amount: '16' }],
    [
      'another reference, at a Lean that is not known to return references unchanged',
      { externalReference: 'xyz' },
    ],
  ])('the search finds a look-alike if Lean has a similar payout with %s', async (_what, change) => {
    const { lean, find } = await startMatcher();
    lean.payouts.add({ ...ours, ...change });
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'look_alike', candidates: [{}] });
  });

  const searchListWith = async (change: object) => {
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
    const { matcher } = createTestCore(url, openTestStore(await freshStore('SQLite')));
    return matcher.search(lostRequest(transfer()), { deadline: farDeadline() });
  };

  it('the search finds a look-alike if Lean does not know the intent of a row', async () => {
    expect(await searchListWith({})).toMatchObject({ found: [], finding: 'look_alike' });
  });

  it('a list with a row without an intent is incomplete', async () => {
    expect(await searchListWith({ payment_intent_id: null })).toMatchObject({
      found: [],
      finding: 'list_incomplete',
    });
  });

  it('the reference is shared if another key of unknown outcome has the same one', async () => {
    const { lean, clock, create, client, find } = await startMatcher();
    clock.ms = sentAt;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-2');
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'reference_shared' });
  });
});

it('a payout with the reference of another key of unknown outcome belongs to that key', async () => {
  const { lean, clock, create, client, find } = await startMatcher();
  clock.ms = sentAt;
  await client.listPayouts({ page_number: '0', page_size: '1' });
  lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
  await create('key-2', transfer(undefined, { externalReference: 'invoice-7' }));
  lean.payouts.add({ ...ours, externalReference: 'invoice-7' });
  clock.ms = readAt;
  expect(await find(transfer())).toMatchObject({ found: [], finding: 'absent', candidates: [] });
});

describe('two open keys with references that begin alike', () => {
  const references = ['order-1', 'order-11'] as const;

  /**
   * Searches for two open keys, of which Lean has accepted one.
   * @param known a reference that Lean has returned unchanged
   */
  async function searchBoth(known: string, accepted: 0 | 1, lost: 0 | 1) {
    const { lean, clock, create, client, records, matcher } = await startMatcher();
    clock.ms = sentAt;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    await create('known', transfer(undefined, { externalReference: known }));
    for (const externalReference of references) {
      const kind = externalReference === references[accepted] ? 'drop_after' : 'drop_before';
      lean.faults.add({ kind, operation: 'createPayoutPayment', times: 1 });
      await create(externalReference, transfer(undefined, { externalReference }));
    }
    clock.ms = readAt;
    const search = async (key: string) => {
      const request = await records.read(keyOf(key));
      return request && matcher.search(request, { deadline: farDeadline() });
    };
    return { accepted: await search(references[accepted]), lost: await search(references[lost]) };
  }

  it.each([
    [0, 1],
    [1, 0],
  ] as const)('the accepted key is found and the other one is absent (%i, %i)', async (accepted, lost) => {
    expect(await searchBoth('order-99', accepted, lost)).toMatchObject({
      accepted: { found: [{}] },
      lost: { found: [], finding: 'absent' },
    });
  });

  it('neither key is settled if Lean may truncate references of their length', async () => {
    const { accepted, lost } = await searchBoth('order-2', 0, 1);
    expect(accepted).toMatchObject({ found: [] });
    expect(lost).toMatchObject({ found: [], finding: 'look_alike' });
  });
});

describe('more open keys than are compared', () => {
  const startWithManyOpenKeys = async () => {
    const core = await startMatcher();
    const { lean, clock, create, client, database } = core;
    clock.ms = sentAt;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    const other = { amount: '7' as Decimal, currency: 'AED' };
    await create('like', transfer(undefined, { externalReference: 'like', amount: other }));
    await copyOpenRequest(database, 'like', 5000);
    return core;
  };

  it('a lost payout is found among many open keys at a Lean that returns references unchanged', async () => {
    const { lean, clock, create, find } = await startWithManyOpenKeys();
    await create('known', transfer(undefined, { externalReference: 'known' }));
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [{}] });
  });

  it('a lost payout is not found among many open keys if Lean may have altered the reference of another one', async () => {
    const { lean, clock, find } = await startWithManyOpenKeys();
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'look_alike' });
  });

  it('a lost payout is not found among many open keys if another one has its reference', async () => {
    const { lean, clock, create, find } = await startWithManyOpenKeys();
    await create('known', transfer(undefined, { externalReference: 'known' }));
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-2');
    lean.payouts.add(ours);
    clock.ms = readAt;
    expect(await find(transfer())).toMatchObject({ found: [], finding: 'reference_shared' });
  });
});

it('two payouts with the reference of one transfer are duplicates and no answer', async () => {
  const { lean, find } = await startMatcher();
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

  it('an unrelated intent with two payments does not make the list incomplete', async () => {
    const { lean, find } = await startMatcher();
    const { intentId } = lean.payouts.add({ ...ours, amount: '99', status: 'FAILED' });
    lean.payouts.add({ ...ours, amount: '99', intentId });
    expect(await find(transfer())).toMatchObject({ finding: 'absent', isComplete: true });
  });

  it.each(order)('an intent whose %s payment has failed is found as created', async (_which, one, other) => {
    const { lean, find } = await startMatcher();
    const { intentId } = lean.payouts.add({ ...ours, status: one });
    lean.payouts.add({ ...ours, status: other, createdAt: second, intentId });
    expect(await find(transfer())).toMatchObject({
      found: [{ answer: { kind: 'created', intentId, state: { status: 'ACCEPTED_BY_BANK' } } }],
      failed: [],
      duplicates: [],
    });
  });

  it('an intent with a live and a failed row is found as created even if rows have no payment ids', async () => {
    const { lean, find, client } = await startMatcher();
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
    'an intent whose %s payment has failed is a live candidate at a Lean without references',
    async (_which, one, other) => {
      const { lean, find } = await startMatcher({ profile: 'ksa' });
      const accepted = { amount: '16.5', description: 'INV 001' };
      const { intentId } = lean.payouts.add({ ...accepted, status: one, createdAt: ours.createdAt });
      lean.payouts.add({ ...accepted, status: other, createdAt: second, intentId });
      const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency: 'SAR' } });
      const { candidates } = await find(wanted);
      expect(candidates).toMatchObject([{ row: { intentId }, failed: false }]);
    },
  );

  it('an intent with two live payments may belong to two transfers of a batch, so the other transfer stays open', async () => {
    const { lean, find } = await startMatcher();
    const { intentId } = lean.payouts.add(ours);
    lean.payouts.add({ ...ours, intentId });
    const other = transfer(undefined, { externalReference: 'order-2' });
    expect(await find(transfer(), other)).toMatchObject({ found: [{ position: 0 }], finding: 'look_alike' });
  });
});

it('a failed payout next to a live one is no duplicate', async () => {
  const { lean, find } = await startMatcher();
  const { intentId } = lean.payouts.add(ours);
  lean.payouts.add({ ...ours, status: 'FAILED' });
  expect(await find(transfer())).toMatchObject({ found: [{ answer: { intentId } }], duplicates: [] });
});

describe('a proof of absence', () => {
  const emptyList = { content: [], page: { total_elements: 0 } };
  const searchList = async (
    list: (query: URLSearchParams) => unknown,
    headers: Record<string, string> = {},
  ) => {
    const { url } = await rawServer((response, { target }) => {
      response.setHeader('date', new Date(readAt).toUTCString());
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      json(response, list(new URL(target, 'http://lean').searchParams));
    });
    const { matcher } = createTestCore(url, openTestStore(await freshStore('SQLite')), { now: () => readAt });
    return matcher.search(lostRequest(transfer()), { deadline: farDeadline() });
  };
  const row = (index: number) => ({
    payment_intent_id: `intent-${String(index)}`,
    amount: 99,
    currency: 'AED',
    created_at: new Date(sentAt + index).toISOString(),
  });

  it('an empty list proves that a payout is absent', async () => {
    expect(await searchList(() => emptyList)).toMatchObject({ finding: 'absent' });
  });

  it('a list without a total proves no absence', async () => {
    expect(await searchList(() => ({ content: [] }))).toMatchObject({ finding: 'list_incomplete' });
  });

  it('a list with fewer rows than its total proves no absence', async () => {
    expect(await searchList(() => ({ content: [row(1)], page: { total_elements: 2 } }))).toMatchObject({
      finding: 'list_incomplete',
    });
  });

  it('a list with a repeated row instead of another one proves no absence', async () => {
    expect(
      await searchList(() => ({ content: [row(1), row(1)], page: { total_elements: 2 } })),
    ).toMatchObject({
      finding: 'list_incomplete',
    });
  });

  it('a list that shows a payout again with its payment instead of another one proves no absence', async () => {
    const list = (query: URLSearchParams) => {
      const isFirst = query.get('page_number') === '0';
      const rows = [isFirst ? row(1) : { ...row(1), payment_id: 'payment-1' }];
      return { content: rows, page: { total_elements: 2 } };
    };
    expect(await searchList(list)).toMatchObject({ finding: 'list_incomplete' });
  });

  it('a list whose total is capped at the page size proves no absence', async () => {
    const list = (query: URLSearchParams) => {
      const size = Number(query.get('page_size'));
      const rows = Array.from({ length: size }, (_, index) => row(index));
      return { content: query.get('page_number') === '0' ? rows : [], page: { total_elements: size } };
    };
    expect(await searchList(list)).toMatchObject({ finding: 'list_incomplete' });
  });

  it('a list without a Date header proves no absence', async () => {
    expect(await searchList(() => emptyList, { date: '' })).toMatchObject({ finding: 'lean_time_unknown' });
  });

  it('a list that is too long to be read proves no absence', async () => {
    const list = (query: URLSearchParams) => {
      const size = Number(query.get('page_size'));
      const first = Number(query.get('page_number')) * size;
      return {
        content: Array.from({ length: size }, (_, index) => row(first + index)),
        page: { total_elements: 1_000_000 },
      };
    };
    expect(await searchList(list)).toMatchObject({ finding: 'list_too_long' });
  });
});

it('a list whose pages shift during the read is read again in smaller time ranges', async () => {
  const { lean, find, client } = await startMatcher();
  for (let index = 0; index < 150; index += 1)
    lean.payouts.add({
      amount: '99',
      createdAt: new Date(sentAt + index * 1000).toISOString(),
    });
  const listPayouts = client.listPayouts.bind(client);
  let shifts = 3;
  client.listPayouts = async (...args) => {
    const listed = await listPayouts(...args);
    // Lean lists a late payout between the reads of two pages.
    if (args[0].page_number === '1' && (shifts -= 1) > 0)
      lean.payouts.add({ amount: '98', createdAt: new Date(sentAt + 400_000).toISOString() });
    return listed;
  };
  expect(await find(transfer())).toMatchObject({ finding: 'absent' });
});

it('the search does not use Lean’s amount filter', async () => {
  const { lean, find } = await startMatcher();
  await find(transfer());
  for (const { query } of lean.requests) expect(Object.keys(query).join()).not.toContain('amount');
});

it('amounts are compared as decimals of any size', async () => {
  const { lean, find } = await startMatcher();
  const { intentId } = lean.payouts.add({ ...ours, amount: '9007199254740993.01' });
  const wanted = transfer(undefined, {
    amount: { amount: '9007199254740993.01' as Decimal, currency: 'AED' },
  });
  expect(await find(wanted)).toMatchObject({ found: [{ answer: { intentId } }] });
});
