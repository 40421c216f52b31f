import fc from 'fast-check';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { destinations } from '../../../src/sandbox/named.ts';
import { json, listening } from '../../lean/wiring.ts';
import { creatingAt, keyOf, transfer, type CreatingOptions } from '../../support/creating.ts';
import { freshStore, opened } from '../../support/stores.ts';
import { kind, UnkindLean, type Trouble, type Unkindness } from '../../support/unkind-lean.ts';

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;
/** The default resend delay, and what a deadline and Lean's whole seconds add to it. */
const delay = 625 * second;

const ours = {
  amount: '16.5',
  currency: 'AED',
  description: 'INV 001',
  reference: 'Order-0001-of-May',
  destinationId: destinations.pays,
};
const wanted = (externalReference: string) => transfer(undefined, { externalReference });

/*
 * A payout is in Lean's list within the resend delay after its last byte was sent, or is never taken. Where Lean breaks
 * this, money may move twice, or a payout exists of which callers were told that it does not. Then operators are told.
 */
async function start(options: CreatingOptions = {}) {
  const clock = { ms: Date.now(), storeMs: 0 };
  const now = () => clock.ms;
  const lean = new UnkindLean(now);
  const refuses = { reads: (() => false) as (to: number) => boolean };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://lean');
    const to = Date.parse(searchParams.get('to') ?? '');
    if (request.method === 'GET' && pathname.endsWith('/payments') && refuses.reads(to)) {
      response.setHeader('date', new Date(clock.ms).toUTCString());
      json(response, { status: 'INVALID_PARAMETERS', message: 'no', timestamp: '' }, 400);
    } else lean.listener(request, response);
  });
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const told: string[] = [];
  const core = creatingAt(
    url,
    opened(await freshStore('SQLite'), { clock: () => clock.ms + clock.storeMs }),
    {
      now,
      reconciliation: {
        duplicates: ({ idempotencyKey }) => told.push(`more at Lean of ${idempotencyKey}`),
        absenceDoubted: ({ idempotencyKey }) => told.push(`list doubted by ${idempotencyKey}`),
      },
      loop: {
        steadyNow: now,
        onUnaudited: ({ idempotencyKey }) => told.push(`unaudited ${idempotencyKey}`),
        onFailure: (_key, error) => {
          throw error;
        },
      },
      ...options,
    },
  );
  await core.client.listPayouts({ page_number: '0', page_size: '1' });
  const pass = async (ms: number, step = 10 * minute) => {
    for (let passed = 0; passed < ms; passed += step) {
      clock.ms += step;
      await core.loop.round();
    }
  };
  return { ...core, lean, clock, refuses, told, pass };
}

describe('a payout that Lean lists twenty minutes late, after it was judged absent, is told to operators', () => {
  const leans: readonly Partial<Unkindness>[] = [
    {},
    { references: 'dropped' },
    { references: 'cut' },
    { references: 'lower case' },
    { intents: false },
  ];

  it.each(leans)('of a batch (%j)', async lean => {
    const { createAll, pass, told, lean: unkind } = await start();
    unkind.unkindness = { ...kind, ...lean, listingMs: 20 * minute };
    unkind.troubles = ['lost after Lean took it'];
    await createAll('key-1', [wanted('Order-0001-of-May'), wanted('Order-0002-of-May')]);
    await pass(12 * minute, minute);
    expect(
      await createAll('key-1', [wanted('Order-0001-of-May'), wanted('Order-0002-of-May')]),
    ).toMatchObject({
      rejected: [{}, {}],
    });
    await pass(2 * day);
    expect(told).toContain('more at Lean of key-1');
  });

  it.each(leans)('of a refused request that an edge had delivered twice (%j)', async lean => {
    const { create, pass, told, lean: unkind } = await start();
    unkind.unkindness = { ...kind, ...lean, listingMs: 20 * minute };
    unkind.troubles = ['too little balance'];
    await create('key-1', wanted('Order-0001-of-May'));
    unkind.add(ours);
    await pass(12 * minute, minute);
    expect(await create('key-1', wanted('Order-0001-of-May'))).toMatchObject({ kind: 'rejected' });
    await pass(2 * day);
    expect(told).toContain('more at Lean of key-1');
  });
});

it('a list that lacks a payout whose creation Lean has answered proves nothing any more', async () => {
  const { create, pass, clock, told, lean, operator } = await start();
  lean.unkindness = { ...kind, listingMs: 30 * day };
  lean.troubles = ['lost after Lean took it'];
  await create('key-1');
  clock.ms += delay;
  expect(await create('key-1')).toMatchObject({ kind: 'created' });
  expect(lean.posts).toHaveLength(2);
  await pass(2 * day);
  expect(told).toEqual(['list doubted by key-1']);
  expect(await operator.attention()).toMatchObject({ doubts: 1 });
});

it('a payout that is not listed yet when a webhook has it audited is no doubt of the list', async () => {
  const { create, pass, clock, told, lean, reconciliation } = await start();
  await create('key-1');
  lean.unkindness = { ...kind, listingMs: 9 * minute };
  lean.troubles = ['lost before Lean took it'];
  await create('key-2', wanted('order-2'));
  clock.ms += delay;
  await create('key-2', wanted('order-2'));
  await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: 'other' });
  await pass(2 * day);
  expect(told).toEqual([]);
});

it('audits that Lean refuses for half an hour are told once, and go on', async () => {
  const { create, pass, clock, told, lean, refuses } = await start();
  lean.unkindness = { ...kind, listingMs: 40 * minute };
  lean.troubles = ['lost after Lean took it'];
  await create('key-1');
  clock.ms += delay;
  expect(await create('key-1')).toMatchObject({ kind: 'created' });
  lean.unkindness = kind;
  // As a Lean that takes no time in the future.
  refuses.reads = to => to > clock.ms;
  await pass(2 * day);
  expect(told).toEqual(['unaudited key-1']);
  refuses.reads = () => false;
  await pass(20 * minute);
  expect(told).toEqual(['unaudited key-1', 'more at Lean of key-1', 'list doubted by key-1']);
});

describe('a time that one clock got wrong locks no key:', () => {
  it.each(['9999-12-31T23:55:00Z', '1970-01-01T00:00:01Z'])('Lean’s Date of %s', async date => {
    const { create, clock, client, lean, records } = await start();
    lean.dateOffsetMs = Date.parse(date) - clock.ms;
    await client.listPayouts({ page_number: '0', page_size: '1' });
    lean.troubles = ['lost before Lean took it'];
    await create('key-1');
    lean.dateOffsetMs = 0;
    // The window that is read is a day wide at most, however many payouts there are.
    for (let index = 0; index < 1000; index += 1)
      lean.ledger.push({
        ...ours,
        intentId: `e0000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        key: null,
        takenAt: clock.ms - 400 * day + index * minute,
        failed: false,
        reference: 'other',
        amount: '5',
      });
    for (let times = 0; times < 3; times += 1) {
      clock.ms += delay;
      await create('key-1');
    }
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  it('the store’s, thirty days ahead when it was sent', async () => {
    const { create, clock, lean } = await start();
    clock.storeMs = 30 * day;
    lean.troubles = ['lost before Lean took it'];
    await create('key-1');
    clock.storeMs = 0;
    const answers: string[] = [];
    for (let times = 0; times < 3; times += 1) {
      clock.ms += delay;
      answers.push((await create('key-1')).kind);
    }
    expect(answers).toContain('created');
    expect(lean.posts).toHaveLength(2);
  });
});

describe('whatever Lean does beyond the bound,', () => {
  const unkindness = fc.record({
    listingMs: fc.integer({ min: 0, max: 20 * 60 }).map(minutes => minutes * minute),
    references: fc.constantFrom<Unkindness['references']>('exact', 'cut', 'lower case', 'dropped'),
    amounts: fc.constantFrom<Unkindness['amounts']>('exact', 'rounded'),
    keys: fc.constantFrom<Unkindness['keys']>('forgotten', 'replayed', 'refused'),
    intents: fc.boolean(),
  });
  // A definite refusal is believed, and so is one for too many requests.
  const trouble = fc.constantFrom<Trouble>(
    'none',
    'lost before Lean took it',
    'lost after Lean took it',
    'failed inside a 200',
    'too little balance',
    'a page of an edge',
    'a fault after Lean took it',
    'a duplicate, says Lean',
  );
  const repetition = fc.record({
    afterMinutes: fc.integer({ min: 1, max: 90 }),
    trouble,
    /** Whether an edge delivers a copy of it as well. After an answer at once only a webhook would tell of it. */
    copied: fc.boolean(),
  });
  const steps = fc.array(repetition, { minLength: 1, maxLength: 4 });

  it.each([1, 2])('a payout too many of a request of %i is never silent', async transfers => {
    await fc.assert(
      fc.asyncProperty(unkindness, steps, async (unkind, repetitions) => {
        const { createAll, clock, lean, loop, records, told } = await start();
        lean.unkindness = { ...kind, ...unkind };
        const references = ['Order-0001-of-May', 'Order-0002-of-May'].slice(0, transfers);
        for (const { afterMinutes, trouble: each, copied } of repetitions) {
          const sent = lean.posts.length;
          lean.troubles = [each];
          await createAll('key-1', references.map(wanted)).catch(() => undefined);
          if (copied && each !== 'none' && lean.posts.length > sent) lean.add(ours);
          for (let passed = 0; passed < afterMinutes; passed += 10) {
            clock.ms += 10 * minute;
            await loop.round();
          }
        }
        for (let hours = 0; hours < 60; hours += 1) {
          clock.ms += 60 * minute;
          await loop.round();
        }
        const answers = (await records.read(keyOf('key-1')))?.records.map(({ answer }) => answer?.kind) ?? [];
        const living = lean.all.filter(({ failed }) => !failed).length;
        const known = answers.filter(answer => answer === 'created').length;
        const isOpen = answers.includes(undefined);
        if (living > known && !isOpen) expect(told, JSON.stringify({ answers, living })).not.toEqual([]);
        if (living === 0) expect(answers).not.toContain('created');
      }),
      { numRuns: Number(process.env['BEYOND'] ?? 25), seed: 7 },
    );
  });
});
