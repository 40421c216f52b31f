import { describe, expect, it, vi } from 'vitest';
import type { CreationEvents } from '../../../src/payouts/creation/creation-events.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { LeanNotSent } from '../../../src/errors/lean-errors.ts';
import { StoreUnavailable } from '../../../src/errors/gateway-errors.ts';
import { destinations } from '../../../src/sandbox/named.ts';
import type { RunningSandbox, SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { deadAddress, failureOf, gate, json, rawServer, startLean, refuseNext } from '../../lean/wiring.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';
import { creatingAt, keyOf, transfer, transfers, type CreatingOptions } from '../../support/creating.ts';
import { freshStore, opened, stores } from '../../support/stores.ts';

const posts = (lean: RunningSandbox) =>
  lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');

describe.each(stores)('a key (%s)', kind => {
  /** A core whose store and Lean have the test's clock, and that has heard Lean's time. */
  async function creating(options: CreatingOptions & { readonly sandbox?: SandboxOptions } = {}) {
    const { sandbox, ...rest } = options;
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now, ...sandbox });
    const store = await freshStore(kind);
    const database = opened(store, { clock: now });
    const core = creatingAt(lean.url, database, { now, ...rest });
    await core.client.listPayouts({ page_number: '0', page_size: '1' });
    lean.requests.length = 0;
    return { lean, store, database, clock, ...core };
  }

  /** The default resend delay, and what a deadline and Lean's whole seconds add to it. */
  const delayMs = 600_000 + 25_000;
  /** A key is looked for once in this long. */
  const readingMs = 5000;

  describe('that comes again', () => {
    it('gets the recorded answer, and Lean hears nothing of it', async () => {
      const { lean, create } = await creating();
      const first = await create('key-1');
      expect(first).toMatchObject({
        kind: 'created',
        recipient: { displayName: expect.any(String) as string },
      });
      expect(await create('key-1')).toEqual(first);
      expect(lean.requests).toHaveLength(1);
    });

    it('gets it also after a restart', async () => {
      const { lean, database, create } = await creating();
      const first = await create('key-1');
      expect(await creatingAt(lean.url, database).create('key-1')).toEqual(first);
      expect(posts(lean)).toHaveLength(1);
    });

    it('stands for the same input in whichever way it is written', async () => {
      const { lean, create } = await creating();
      const first = await create('key-1');
      const same = transfer(destinations.pays.toUpperCase(), {
        amount: { amount: '16.5' as Decimal, currency: 'AED' },
      });
      expect(await create('key-1', same)).toEqual(first);
      expect(posts(lean)).toHaveLength(1);
    });

    it.each([
      ['amount', { amount: { amount: '16.51' as Decimal, currency: 'AED' } }],
      ['destination', { destinationId: destinations.staysPending }],
      ['description', { description: 'INV 002' }],
      ['reference', { externalReference: 'order-2' }],
      ['authorisation', { authorize: false }],
    ])('is a conflict with another %s, and Lean hears nothing of it', async (_what, change) => {
      const { lean, create } = await creating();
      await create('key-1');
      expect(await create('key-1', transfer(undefined, change))).toMatchObject({
        kind: 'rejected',
        code: 'IDEMPOTENCY_CONFLICT',
        inputErrors: [{ field: 'idempotencyKey', code: 'ALREADY_USED' }],
        leanCode: null,
      });
      expect(lean.requests).toHaveLength(1);
    });

    it('is a conflict also while the first is under way', async () => {
      const { lean, create } = await creating();
      lean.latencyMs = 300;
      const first = create('key-1', transfer(destinations.staysPending));
      await vi.waitFor(() => expect(lean.requests).toHaveLength(1), { timeout: 60_000 });
      expect(await create('key-1')).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
      expect(await first).toMatchObject({ kind: 'created' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('while the first is under way shares its answer', async () => {
      const { lean, create } = await creating();
      const answers = await Promise.all(Array.from({ length: 20 }, () => create('key-1')));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(answers[0]).toMatchObject({ kind: 'created' });
      expect(lean.requests).toHaveLength(1);
    });

    it('gets the recorded refusal of Lean, which is not asked again', async () => {
      const { lean, create } = await creating();
      const refused = await create('key-1', transfer(destinations.refused));
      expect(refused).toMatchObject({ kind: 'rejected', leanCode: 'BENEFICIARY_NOT_ACTIVE' });
      expect(await create('key-1', transfer(destinations.refused))).toEqual(refused);
      expect(lean.requests).toHaveLength(1);
    });

    it('gets a batch with what was created and what was rejected', async () => {
      const { lean, createAll } = await creating();
      const batch = [
        transfer(),
        transfer(destinations.failsAtOnce, { externalReference: 'order-2' }),
        transfer(undefined, { externalReference: 'order-3' }),
      ];
      const first = await createAll('key-1', batch);
      expect(first).toMatchObject({ created: [{}, {}], rejected: [{ transferIndex: 1 }] });
      expect(await createAll('key-1', batch)).toEqual(first);
      expect(lean.requests).toHaveLength(1);
    });
  });

  it('is one caller’s own, at Lean too', async () => {
    const { lean, creation } = await creating();
    const ours = await creation.createPayout(keyOf('key-1', 'a'), transfer());
    const theirs = await creation.createPayout(keyOf('key-1', 'b'), transfer(destinations.staysPending));
    expect([ours, theirs]).toMatchObject([{ kind: 'created' }, { kind: 'created' }]);
    expect(await creation.createPayout(keyOf('key-1', 'a'), transfer())).toEqual(ours);
    const [first, second, ...more] = posts(lean).map(({ idempotencyKey }) => idempotencyKey);
    expect(more).toEqual([]);
    expect(first).toMatch(/^key-1\../);
    expect(second).toMatch(/^key-1\../);
    expect(second).not.toBe(first);
  });

  it('of a time when callers were not told apart answers for every caller who asks for the same', async () => {
    const { lean, creation } = await creating();
    const ours = await creation.createPayout(keyOf('key-1'), transfer());
    expect(await creation.createPayout(keyOf('key-1', 'a'), transfer())).toEqual(ours);
    expect(posts(lean)).toHaveLength(1);
    expect(
      await creation.createPayout(keyOf('key-1', 'a'), transfer(destinations.staysPending)),
    ).toMatchObject({ kind: 'created' });
    expect(posts(lean)).toHaveLength(2);
  });

  it('stands for one payout, whether it comes alone or as a batch of one', async () => {
    const { lean, create, createAll } = await creating();
    const wanted: Transfer = { ...transfer(), externalReference: null };
    const alone = await create('key-1', wanted);
    const batch = await createAll('key-1', [wanted]);
    expect(batch).toMatchObject({ kind: 'batch', rejected: [] });
    expect('created' in batch && batch.created).toEqual([alone]);
    expect(posts(lean)).toHaveLength(1);
    expect(lean.payouts.all()[0]?.externalReference).toBe('key-1');
  });

  describe('is free again', () => {
    it('for a corrected input after a refusal of our own', async () => {
      const { create } = await creating();
      expect(await create('key-1', transfer('x'))).toMatchObject({ code: 'INVALID_INPUT' });
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('after nothing reached Lean', async () => {
      const { lean, database } = await creating();
      const cut = creatingAt(await deadAddress(), database);
      expect(await failureOf(cut.create('key-1'))).toBeInstanceOf(LeanNotSent);
      expect(await cut.records.read(keyOf('key-1'))).toBeUndefined();
      expect(
        await creatingAt(lean.url, database).create('key-1', transfer(destinations.staysPending)),
      ).toMatchObject({ kind: 'created' });
    });
  });

  describe('whose outcome is unknown', () => {
    it('is found at Lean when it comes again, and not sent a second time', async () => {
      const { lean, create } = await creating();
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const [payout] = lean.payouts.all();
      const found = await create('key-1');
      expect(found).toMatchObject({
        kind: 'created',
        intentId: payout?.intentId,
        amount: { amount: '16.50', currency: 'AED' },
        state: { status: 'CREATED' },
      });
      expect(await create('key-1')).toEqual(found);
      expect(posts(lean)).toHaveLength(1);
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('is only looked for until the resend delay has passed, and then sent again, once, letter by letter', async () => {
      const { lean, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      const answer = await create('key-1');
      expect(answer).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const { resendAt } = answer as { resendAt: string };
      expect(Date.parse(resendAt) - clock.ms).toBeGreaterThanOrEqual(600_000);
      clock.ms = Date.parse(resendAt) - 1000;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', resendAt });
      expect(posts(lean)).toHaveLength(1);
      clock.ms += delayMs;
      const same = transfer(undefined, { amount: { amount: '16.5' as Decimal, currency: 'AED' } });
      const answers = await Promise.all([create('key-1'), create('key-1', same)]);
      expect(answers).toMatchObject([{ kind: 'created' }, { kind: 'created' }]);
      const [first, second, ...more] = posts(lean);
      expect(more).toEqual([]);
      expect(second).toMatchObject({ body: first?.body, idempotencyKey: 'key-1' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('is sent again once in its life without a person', async () => {
      const { lean, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 2 });
      await create('key-1');
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING', resendAt: null });
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR', resendAt: null });
      expect(posts(lean)).toHaveLength(2);
    });

    it('is not sent again by a repetition where only a person may say so', async () => {
      const { lean, clock, create } = await creating({ resendAfter: 'never' });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ reason: 'WAITING', resendAt: null });
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is sent again after a look alone where Lean’s memory of keys is relied on, for an hour', async () => {
      const { lean, clock, create } = await creating({ resendAfter: 0 });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(destinations.staysPending));
      lean.requests.length = 0;
      clock.ms += 3_599_000;
      lean.faults.add({ kind: 'status', status: 503, operation: 'listPayouts', times: 3 });
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({ kind: 'unknown' });
      expect(posts(lean)).toEqual([]);
    });

    it('is not judged absent by one empty list alone', async () => {
      const { lean, clock, create, client, records } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.add({ amount: '99' });
      clock.ms += delayMs;
      const listPayouts = client.listPayouts.bind(client);
      vi.spyOn(client, 'listPayouts').mockImplementationOnce(async (...args) => {
        const { page, answer } = await listPayouts(...args);
        return { page: { ...page, content: [], page: { ...page.page, total_elements: 0 } }, answer };
      });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect(await records.read(keyOf('key-1'))).toMatchObject({ finding: 'list_incomplete' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is compared with what other keys have after the list is read, not before', async () => {
      const { lean, create, evidence } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.requests.length = 0;
      const reads: number[] = [];
      for (const name of ['otherRecords', 'owners'] as const) {
        const read = evidence[name].bind(evidence) as (...args: unknown[]) => Promise<never>;
        vi.spyOn(evidence, name).mockImplementation((...args: unknown[]) => {
          reads.push(lean.requests.filter(({ operation }) => operation === 'listPayouts').length);
          return read(...args);
        });
      }
      await create('key-1');
      expect(reads).toEqual([2, 2]);
    });

    it('of another Lean application leaves the finding of its own one', async () => {
      const { lean, clock, database, create, records } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += readingMs;
      await create('key-1');
      const other = creatingAt(lean.url, database, { now: () => clock.ms, application: 'another' });
      lean.requests.length = 0;
      expect(await other.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
      expect(lean.requests).toEqual([]);
      expect(await records.read(keyOf('key-1'))).toMatchObject({ finding: 'absent' });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
    });

    it('is looked for once in five seconds, however many callers ask', async () => {
      const { lean, clock, store, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.requests.length = 0;
      const other =
        'url' in store ? creatingAt(lean.url, opened(store, { clock: () => clock.ms })) : { create };
      for (let times = 0; times < 3; times += 1)
        for (const answer of await Promise.all([create('key-1'), create('key-1'), other.create('key-1')]))
          expect(answer).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      // An empty list is read twice.
      expect(lean.requests).toHaveLength(2);
      clock.ms += readingMs;
      await create('key-1');
      expect(lean.requests).toHaveLength(4);
    });

    it('stays unknown when Lean cannot be asked, and then nothing is sent', async () => {
      const { lean, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect(posts(lean)).toHaveLength(1);
      clock.ms += readingMs;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('is told among payouts of the same amount by its reference', async () => {
      const { lean, create, createAll } = await creating();
      lean.payouts.add({ amount: '16.5', externalReference: 'another', destinationId: destinations.pays });
      await createAll('others', [
        transfer(undefined, { externalReference: 'o-1' }),
        transfer(undefined, { externalReference: 'o-2' }),
      ]);
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      const ours = lean.payouts.all().find(({ externalReference }) => externalReference === 'order-1');
      lean.requests.length = 0;
      expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: ours?.intentId });
      expect(posts(lean)).toHaveLength(0);
    });

    it('is not taken for a payout of the same reference that another key has', async () => {
      const { lean, clock, create } = await creating();
      const other = await create('other');
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      const again = await create('key-1');
      expect(again).toMatchObject({ kind: 'created' });
      expect(again).not.toHaveProperty('intentId', (other as { intentId: string }).intentId);
      expect(lean.payouts.all()).toHaveLength(2);
    });

    it('is not sent again as long as Lean has something that may be it', async () => {
      const { lean, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, description: 'INV 001' });
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR', resendAt: null });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is told as unclear, and as an alarm, when Lean has more payouts with its reference than transfers', async () => {
      const told: unknown[] = [];
      const { lean, clock, create, records } = await creating({
        reconciliation: { duplicates: (_key, intentIds) => told.push(intentIds) },
      });
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      const twin = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
      });
      for (let times = 0; times < 2; times += 1) {
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
        clock.ms += readingMs;
      }
      expect(told).toEqual([expect.arrayContaining([twin.intentId])]);
      expect((await records.read(keyOf('key-1')))?.duplicateIntents).toHaveLength(2);
    });

    it('that Lean failed is a rejection once Lean cannot take another copy of it', async () => {
      const { lean, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1', transfer(destinations.failsAtOnce));
      const [payout] = lean.payouts.all();
      const again = () => create('key-1', transfer(destinations.failsAtOnce));
      expect(await again()).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      expect(await again()).toMatchObject({
        kind: 'rejected',
        code: 'REJECTED_BY_LEAN',
        rejectedIntentId: payout?.intentId,
      });
    });

    it.each([
      ['a refusal', { kind: 'status', status: 400, code: 'INSUFFICIENT_BALANCE' }],
      [
        'a refusal that would be final on a first send',
        { kind: 'status', status: 400, code: 'INVALID_AMOUNT' },
      ],
    ] as const)(
      'ends as a rejection after %s of a repetition only when Lean is proven to have nothing',
      async (_what, fault) => {
        const { lean, clock, create } = await creating();
        lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
        await create('key-1');
        clock.ms += delayMs;
        lean.faults.add({ ...fault, operation: 'createPayoutPayment', times: 1 });
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING', resendAt: null });
        clock.ms += readingMs;
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
        clock.ms += delayMs;
        const rejected = await create('key-1');
        expect(rejected).toMatchObject({ kind: 'rejected', leanCode: fault.code });
        expect(await create('key-1')).toEqual(rejected);
        expect(posts(lean)).toHaveLength(2);
        expect(lean.payouts.all()).toEqual([]);
      },
    );

    it('ends as a rejection after a payout of the repetition that Lean failed only when nothing else can be there', async () => {
      const { lean, clock, create } = await creating();
      const wanted = transfer(destinations.failsAtOnce);
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1', wanted);
      clock.ms += delayMs;
      expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const [failed] = lean.payouts.all();
      clock.ms += readingMs;
      expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      expect(await create('key-1', wanted)).toMatchObject({
        kind: 'rejected',
        rejectedIntentId: failed?.intentId,
      });
      expect(posts(lean)).toHaveLength(2);
    });

    it.each(['DUPLICATED_REQUEST', 'IDEMPOTENCY_REQUEST_IN_PROGRESS'])(
      'after a code that speaks of an earlier request (%s) is sent again like any other',
      async code => {
        const { lean, clock, create } = await creating();
        lean.faults.add({ kind: 'status', status: 409, code, operation: 'createPayoutPayment', times: 1 });
        expect(await create('key-1')).toMatchObject({
          kind: 'unknown',
          resendAt: expect.any(String) as string,
        });
        clock.ms += delayMs;
        expect(await create('key-1')).toMatchObject({ kind: 'created' });
      },
    );

    it('is created after all when the first send turns up while Lean refuses the repetition', async () => {
      const { lean, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      lean.faults.add({ kind: 'status', status: 422, operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      const { intentId } = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
      });
      expect(await create('key-1')).toMatchObject({ kind: 'created', intentId });
    });

    it('of a batch is looked for one by one, and what is missing is rejected and never sent again', async () => {
      const { lean, clock, createAll, records } = await creating();
      const wanted = [
        transfer(undefined, { externalReference: 'a' }),
        transfer(undefined, { externalReference: 'b' }),
      ];
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      expect(await createAll('key-1', wanted)).toMatchObject({ kind: 'unknown', resendAt: null });
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'b' });
      expect(await createAll('key-1', wanted)).toMatchObject({ kind: 'unknown' });
      expect((await records.read(keyOf('key-1')))?.records).toMatchObject([
        { state: 'unknown' },
        { state: 'created' },
      ]);
      clock.ms += delayMs;
      const answer = await createAll('key-1', wanted);
      expect(answer).toMatchObject({
        kind: 'batch',
        created: [{ transferIndex: 1 }],
        rejected: [{ transferIndex: 0, code: 'REJECTED_BY_LEAN' }],
      });
      clock.ms += delayMs;
      expect(await createAll('key-1', wanted)).toEqual(answer);
      expect(posts(lean)).toHaveLength(1);
    });

    it.each(['v1', 'ksa'] as const)(
      'where Lean keeps no references (%s) is unclear when there is a payout like it, and not sent again',
      async profile => {
        const { lean, clock, create } = await creating({ sandbox: { profile } });
        const currency = profile === 'ksa' ? 'SAR' : 'AED';
        const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency } });
        lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
        await create('key-1', wanted);
        for (let times = 0; times < 2; times += 1) {
          expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
          clock.ms += delayMs;
        }
        expect(posts(lean)).toHaveLength(1);
      },
    );

    it.each([
      ['amount', { amount: { amount: '17.00' as Decimal, currency: 'SAR' } }],
      ['description', { description: 'RENT MAY' }],
      ['destination', { destinationId: destinations.staysPending }],
    ])('where Lean keeps no references is sent again past payouts of another %s', async (_what, change) => {
      const { lean, clock, create } = await creating({ sandbox: { profile: 'ksa' } });
      const wanted = transfer(undefined, { amount: { amount: '16.00' as Decimal, currency: 'SAR' } });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1', wanted);
      const { amount, description, destinationId } = { ...wanted, ...change };
      lean.payouts.add({ amount: amount.amount, currency: 'SAR', description, destinationId });
      clock.ms += delayMs;
      expect(await create('key-1', wanted)).toMatchObject({ kind: 'created' });
    });

    it('is looked for whatever another read has said of another id', async () => {
      const { lean, client, clock, create, reads } = await creating();
      lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', operation: 'getPayout', times: 1 });
      await reads
        .payout('b0000000-0000-4000-8000-000000000001', { deadline: client.deadline() })
        .catch(() => undefined);
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += readingMs;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('is not judged absent by a list that lacks a payout that must be in it', async () => {
      const { lean, clock, create, records } = await creating();
      await create('other', transfer(undefined, { externalReference: 'other' }));
      clock.ms += 1000;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.clear();
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect((await records.read(keyOf('key-1')))?.finding).toBe('reference_payout_missing');
      expect(posts(lean)).toHaveLength(2);
    });

    it.each([
      ['ahead of', 7_200_000],
      ['behind', -7_200_000],
      ['days ahead of', 172_800_000],
    ])('is not judged absent while a clock is %s Lean’s', async (_what, differenceMs) => {
      const clock = { ms: Date.now() };
      const lean = await startLean({ clock: () => clock.ms });
      const wrong = () => clock.ms + differenceMs;
      const database = opened(await freshStore(kind), { clock: wrong });
      const { create, client, records } = creatingAt(lean.url, database, { now: wrong });
      await client.listPayouts({ page_number: '0', page_size: '1' });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect((await records.read(keyOf('key-1')))?.finding).toBe('clocks_differ');
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(destinations.staysPending));
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({ kind: 'created' });
      expect(posts(lean)).toHaveLength(2);
    });

    it('is not judged absent for another Lean application', async () => {
      const { lean, database, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      const other = creatingAt(lean.url, database, { application: 'another', now: () => clock.ms });
      expect(await other.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('waits for the longer one of two resend delays', async () => {
      const { lean, database, clock, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += 60_000;
      const hasty = creatingAt(lean.url, database, { resendAfter: 1000, now: () => clock.ms });
      expect(await hasty.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const calm = creatingAt(lean.url, database, { resendAfter: 2 * delayMs, now: () => clock.ms });
      clock.ms += delayMs;
      expect(await calm.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect(posts(lean)).toHaveLength(1);
    });
  });

  it('of a batch that Lean turned away is sent again after a look', async () => {
    const { lean, clock, createAll } = await creating();
    refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
    expect(await failureOf(createAll('key-1', transfers(2)))).toMatchObject({ code: 'LEAN_RATE_LIMITED' });
    clock.ms += readingMs;
    expect(await createAll('key-1', transfers(2))).toMatchObject({ kind: 'batch', created: [{}, {}] });
  });

  describe('that Lean turned away', () => {
    it('is not sent while another key for a payout like it has no answer, where that is asked for', async () => {
      const { lean, clock, create, creation } = await creating();
      const second = transfer(undefined, { externalReference: 'order-2' });
      refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
      await failureOf(create('key-2', second));
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += readingMs;
      const again = (refuseSimilar: boolean) =>
        creation.createPayout(keyOf('key-2'), second, { refuseSimilar });
      expect(await failureOf(again(true))).toMatchObject({ similarUnknownKey: 'key-1' });
      expect(posts(lean)).toHaveLength(2);
      clock.ms += readingMs;
      expect(await again(false)).toMatchObject({ kind: 'created' });
    });

    it('is sent again after a look, as often as that happens', async () => {
      const { lean, clock, create } = await creating();
      for (let times = 0; times < 3; times += 1) {
        refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
        expect(await failureOf(create('key-1'))).toMatchObject({ code: 'LEAN_RATE_LIMITED' });
        clock.ms += readingMs;
      }
      lean.requests.length = 0;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.requests.map(({ operation }) => operation)).toEqual([
        'listPayouts',
        'listPayouts',
        'createPayoutPayment',
      ]);
    });

    it('is found where an edge had sent a copy of it that Lean took', async () => {
      const { lean, create } = await creating();
      lean.faults.add({
        kind: 'status',
        status: 403,
        code: 'INSUFFICIENT_ACCESS_LEVEL',
        operation: 'createPayoutPayment',
        after: true,
        times: 1,
      });
      expect(await failureOf(create('key-1'))).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('that is a batch of which Lean has taken a part stays, also when that part was found by itself', async () => {
      const { lean, clock, createAll, loop, records } = await creating();
      Object.assign(lean.behaviour, { batches: 'partly' });
      lean.faults.add({
        kind: 'status',
        status: 403,
        code: 'INSUFFICIENT_ACCESS_LEVEL',
        operation: 'createPayoutPayment',
        after: true,
        times: 1,
      });
      expect(await failureOf(createAll('key-1', transfers(2)))).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
      clock.ms += readingMs;
      await loop.round();
      expect(await records.read(keyOf('key-1'))).toMatchObject({
        records: [{ state: 'created' }, { state: 'unknown' }],
      });
      clock.ms += delayMs;
      await loop.round();
      Object.assign(lean.behaviour, { batches: 'whole' });
      expect(await createAll('key-1', transfers(2))).toMatchObject({
        kind: 'batch',
        created: [{ transferIndex: 0 }],
        rejected: [{ transferIndex: 1 }],
      });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is not sent again, but rejected, where Lean has failed a copy of it', async () => {
      const { lean, clock, create, loop } = await creating();
      refuseNext(lean, 429, 'SLOW_DOWN');
      await failureOf(create('key-1'));
      lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
        status: 'FAILED',
      });
      clock.ms += readingMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      await loop.round();
      expect(await create('key-1')).toMatchObject({ kind: 'rejected' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is free again once Lean is proven not to have it', async () => {
      const { lean, clock, create, loop, records } = await creating();
      refuseNext(lean, 429, 'SLOW_DOWN');
      await failureOf(create('key-1'));
      clock.ms += delayMs;
      await loop.round();
      expect(await records.read(keyOf('key-1'))).toBeUndefined();
    });
  });

  it('names another key of the caller for a payout like it whose outcome is unknown', async () => {
    const { lean, create, creation } = await creating();
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-1');
    const like = transfer(undefined, {
      externalReference: 'order-1b',
      amount: { amount: '16.5' as Decimal, currency: 'AED' },
    });
    expect(
      await failureOf(creation.createPayout(keyOf('key-2'), like, { refuseSimilar: true })),
    ).toMatchObject({ code: 'SIMILAR_PAYOUT_UNKNOWN', similarUnknownKey: 'key-1' });
    expect(posts(lean)).toHaveLength(1);
    const answer = await create('key-2', like);
    expect(answer).toMatchObject({ kind: 'created', similarUnknownKey: 'key-1' });
    expect(await create('key-2', like)).toEqual(answer);
    for (const [key, other] of [
      ['key-3', { description: 'INV 002' }],
      ['key-4', { destinationId: destinations.staysPending }],
      ['key-5', { amount: { amount: '16.51' as Decimal, currency: 'AED' } }],
    ] as const)
      expect(await create(key, transfer(undefined, other))).toMatchObject({ similarUnknownKey: null });
    expect(await creation.createPayout(keyOf('key-6', 'another caller'), like)).toMatchObject({
      similarUnknownKey: null,
    });
  });

  describe('in a store that may have lost records', () => {
    /** A store that was made just now, as after its files were lost. */
    async function afterLoss() {
      const before = await creating();
      const { lean, clock } = before;
      const now = () => clock.ms;
      const database = opened(await freshStore(kind), { clock: now, lossWindowMs: 600_000 });
      await database.prepare();
      return { ...before, after: creatingAt(lean.url, database, { now }) };
    }

    it('is looked for before it is sent', async () => {
      const { lean, after } = await afterLoss();
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.requests.map(({ operation }) => operation)).toEqual([
        'listPayouts',
        'listPayouts',
        'createPayoutPayment',
      ]);
    });

    it('is counted once against the allowance of its caller', async () => {
      const { lean, clock } = await afterLoss();
      const take = vi.fn(() => Promise.resolve());
      const now = () => clock.ms;
      const database = opened(await freshStore(kind), { clock: now, lossWindowMs: 600_000 });
      await database.prepare();
      expect(
        await creatingAt(lean.url, database, { now, allowance: { take } }).create('key-1'),
      ).toMatchObject({
        kind: 'created',
      });
      expect(take).toHaveBeenCalledOnce();
    });

    it('is free again when the store fails while it is looked for', async () => {
      const { lean, after } = await afterLoss();
      vi.spyOn(after.evidence, 'otherRecords').mockRejectedValueOnce(new StoreUnavailable(new Error('blip')));
      expect(await failureOf(after.create('key-1'))).toBeInstanceOf(StoreUnavailable);
      expect(await after.records.read(keyOf('key-1'))).toBeUndefined();
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is found when it was sent before under a record that is gone', async () => {
      const { lean, create, after } = await afterLoss();
      const first = await create('key-1');
      expect(await after.create('key-1')).toMatchObject({
        kind: 'created',
        intentId: (first as { intentId: string }).intentId,
      });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is not sent at once where Lean has failed it, and ends as rejected', async () => {
      const { lean, clock, create, after } = await afterLoss();
      const wanted = transfer(destinations.failsAtOnce);
      const first = await create('key-1', wanted);
      expect(await after.create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      expect(await after.create('key-1', wanted)).toMatchObject({
        kind: 'rejected',
        rejectedIntentId: (first as { rejectedIntentId: string }).rejectedIntentId,
      });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is not sent when Lean cannot be read', async () => {
      const { lean, after } = await afterLoss();
      lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
      expect(await failureOf(after.create('key-1'))).toBeInstanceOf(LeanNotSent);
      expect(posts(lean)).toEqual([]);
      lean.faults.clear();
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('is sent without a look once the resend delay has passed', async () => {
      const { lean, clock, after } = await afterLoss();
      clock.ms += 600_000;
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.requests.map(({ operation }) => operation)).toEqual(['createPayoutPayment']);
    });
  });

  it('does not count as created by a payout of Lean’s that another key has', async () => {
    const { url } = await rawServer((response, { method }) =>
      json(
        response,
        method === 'POST'
          ? { payouts_payment_details: [{ payment_intent_id: 'the-same' }] }
          : { content: [], page: { total_elements: 0 } },
      ),
    );
    const alarms: Parameters<CreationEvents['alarm']>[] = [];
    const { create } = creatingAt(url, opened(await freshStore(kind)), {
      events: { alarm: (...alarm) => alarms.push(alarm) },
    });
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: 'the-same' });
    expect(await create('key-2')).toMatchObject({ kind: 'unknown' });
    expect(alarms).toMatchObject([[{ idempotencyKey: 'key-2' }, 'duplicate intent', ['the-same']]]);
  });

  it('is not sent at all when it cannot be recorded', async () => {
    const { lean, database, create } = await creating();
    await database.close();
    expect(await failureOf(create('key-1'))).toBeInstanceOf(StoreUnavailable);
    expect(lean.requests).toEqual([]);
  });

  it('whose answer cannot be recorded is of unknown outcome, and found later', async () => {
    const arrived = gate();
    const release = gate();
    const lean = await startLean();
    const config = await freshStore(kind);
    const database = opened(config);
    const unrecorded: unknown[] = [];
    const { create, client } = creatingAt(lean.url, database, {
      events: { unrecorded: key => unrecorded.push(key) },
    });
    const createPayouts = client.createPayouts.bind(client);
    client.createPayouts = async (...args) => {
      const answer = await createPayouts(...args);
      arrived.open();
      await release.opened;
      return answer;
    };
    const creating = create('key-1');
    await arrived.opened;
    await database.close();
    release.open();
    expect(await creating).toMatchObject({ kind: 'unknown' });
    expect(unrecorded).toEqual([expect.objectContaining(keyOf('key-1'))]);
    const restarted = creatingAt(lean.url, opened(config));
    expect(await restarted.create('key-1')).toMatchObject({
      kind: 'created',
      intentId: lean.payouts.all()[0]?.intentId,
    });
    expect(posts(lean)).toHaveLength(1);
  });
});
