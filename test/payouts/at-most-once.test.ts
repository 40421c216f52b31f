import { describe, expect, it, vi } from 'vitest';
import type { CreationEvents } from '../../src/payouts/creation-events.ts';
import type { Decimal } from '../../src/payouts/decimal.ts';
import { LeanNotSent } from '../../src/lean/errors.ts';
import { StoreUnavailable } from '../../src/payouts/errors.ts';
import { destinations } from '../../src/sandbox/named.ts';
import type { RunningSandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { deadAddress, failureOf, gate, json, rawServer, startLean } from '../lean/wiring.ts';
import { creatingAt, keyOf, transfer, type CreatingOptions } from '../support/creating.ts';
import { freshStore, opened, stores } from '../support/stores.ts';

const posts = (lean: RunningSandbox) =>
  lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');

describe.each(stores)('a key (%s)', kind => {
  async function creating(options: CreatingOptions & { readonly sandbox?: SandboxOptions } = {}) {
    const { sandbox, ...rest } = options;
    const lean = await startLean(sandbox);
    const database = opened(await freshStore(kind));
    return { lean, database, ...creatingAt(lean.url, database, rest) };
  }

  describe('that comes again', () => {
    it('gets the recorded answer, and Lean hears nothing of it', async () => {
      const { lean, create } = await creating();
      const first = await create('key-1');
      expect(first).toMatchObject({ kind: 'created', recipient: { name: expect.any(String) as string } });
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
        field: 'idempotencyKey',
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
      const batch = [transfer(), transfer(destinations.failsAtOnce), transfer()];
      const first = await createAll('key-1', batch);
      expect(first).toMatchObject({ created: [{}, {}], rejected: [{ transferIndex: 1 }] });
      expect(await createAll('key-1', batch)).toEqual(first);
      expect(lean.requests).toHaveLength(1);
    });
  });

  it('is one caller’s own', async () => {
    const { lean, creation } = await creating();
    const ours = await creation.createPayout(keyOf('key-1', 'a'), transfer());
    // Lean is told the same key, and has its own opinion of it.
    expect(
      await creation.createPayout(keyOf('key-1', 'b'), transfer(destinations.staysPending)),
    ).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      leanCode: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await creation.createPayout(keyOf('key-1', 'a'), transfer())).toEqual(ours);
    expect(posts(lean)).toHaveLength(2);
  });

  describe('is free again', () => {
    it('for a corrected input after a refusal of our own', async () => {
      const { create } = await creating();
      expect(await create('key-1', transfer('x'))).toMatchObject({ code: 'INVALID_INPUT' });
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('after Lean turned us away', async () => {
      const { lean, create } = await creating();
      lean.faults.add({ kind: 'status', status: 429, times: 1 });
      expect(await failureOf(create('key-1'))).toMatchObject({ code: 'LEAN_RATE_LIMITED' });
      expect(await create('key-1', transfer(destinations.staysPending))).toMatchObject({ kind: 'created' });
      expect(lean.payouts.all()).toHaveLength(1);
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
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
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

    it('is sent again, once and letter by letter, when Lean does not have it', async () => {
      const { lean, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      const same = transfer(undefined, { amount: { amount: '16.5' as Decimal, currency: 'AED' } });
      const answers = await Promise.all([create('key-1'), create('key-1', same)]);
      expect(answers).toMatchObject([{ kind: 'created' }, { kind: 'created' }]);
      const [first, second, ...more] = posts(lean);
      expect(more).toEqual([]);
      expect(second).toMatchObject({ body: first?.body, idempotencyKey: 'key-1' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('stays unknown when Lean cannot be asked, and then nothing is sent', async () => {
      const { lean, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      expect(posts(lean)).toHaveLength(1);
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
      // The two that the record knows are not looked at.
      expect(lean.requests.filter(({ operation }) => operation === 'getPayoutIntent')).toHaveLength(2);
      expect(posts(lean)).toHaveLength(0);
    });

    it('does not take a payout of the same reference that another key has', async () => {
      const { lean, create } = await creating();
      const other = await create('other');
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      const again = await create('key-1');
      expect(again).toMatchObject({ kind: 'created' });
      expect(again).not.toHaveProperty('intentId', (other as { intentId: string }).intentId);
      expect(lean.payouts.all()).toHaveLength(2);
    });

    it('is not sent again as long as Lean has something that may be it', async () => {
      const { lean, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, description: 'INV 001' });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      expect(posts(lean)).toHaveLength(1);
    });

    it('is not sent again before Lean had time to show it', async () => {
      let now = Date.now();
      const { lean, create } = await creating({ now: () => now, settlingMs: 60_000 });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      expect(posts(lean)).toHaveLength(1);
      now += 60_000;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('is rejected when Lean refuses the repetition and has nothing of the first time', async () => {
      const { lean, create } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1', transfer(destinations.refused));
      const refused = await create('key-1', transfer(destinations.refused));
      expect(refused).toMatchObject({ kind: 'rejected', leanCode: 'BENEFICIARY_NOT_ACTIVE' });
      expect(await create('key-1', transfer(destinations.refused))).toEqual(refused);
      expect(lean.payouts.all()).toEqual([]);
    });

    it('is not rejected when the first time turns up while Lean refuses the repetition', async () => {
      const { lean, create, client } = await creating();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.faults.add({ kind: 'status', status: 422, operation: 'createPayoutPayment', times: 1 });
      const listPayouts = client.listPayouts.bind(client);
      let looks = 0;
      client.listPayouts = async (...args) => {
        // Between the look before the repetition and the one after it, what was on its way arrives.
        if ((looks += 1) === 2)
          lean.payouts.add({
            amount: '16.5',
            destinationId: destinations.pays,
            externalReference: 'order-1',
          });
        return listPayouts(...args);
      };
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('of a batch is found one by one, and what is missing is never sent again', async () => {
      const { lean, createAll, records } = await creating();
      const batch = [
        transfer(undefined, { externalReference: 'a' }),
        transfer(undefined, { externalReference: 'b' }),
      ];
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      expect(await createAll('key-1', batch)).toMatchObject({ kind: 'unknown' });
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'b' });
      for (let times = 0; times < 3; times += 1)
        expect(await createAll('key-1', batch)).toMatchObject({ kind: 'unknown' });
      expect((await records.read(keyOf('key-1')))?.records).toMatchObject([
        { state: 'unknown' },
        { state: 'created' },
      ]);
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'a' });
      expect(await createAll('key-1', batch)).toMatchObject({
        kind: 'batch',
        created: [{ transferIndex: 0 }, { transferIndex: 1 }],
        rejected: [],
      });
      expect(posts(lean)).toHaveLength(1);
    });

    it.each(['v1', 'ksa'] as const)(
      'where Lean keeps no references (%s) is sent again under its key, which Lean knows',
      async profile => {
        const { lean, create } = await creating({ sandbox: { profile } });
        const currency = profile === 'ksa' ? 'SAR' : 'AED';
        const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency } });
        lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
        expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown' });
        expect(await create('key-1', wanted)).toMatchObject({ kind: 'created' });
        expect(lean.payouts.all()).toHaveLength(1);
        const [first, second] = posts(lean);
        expect(second).toMatchObject({ body: first?.body, idempotencyKey: 'key-1' });
      },
    );
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
    expect(alarms).toMatchObject([[{ idempotencyKey: 'key-2' }, 'foreign']]);
  });

  it('is not sent at all when it cannot be recorded', async () => {
    const { lean, database, create } = await creating();
    await database.close();
    expect(await failureOf(create('key-1'))).toBeInstanceOf(StoreUnavailable);
    expect(lean.requests).toEqual([]);
  });

  it('whose answer cannot be recorded any more is answered all the same, and found later', async () => {
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
    const answer = await creating;
    expect(answer).toMatchObject({ kind: 'created' });
    expect(unrecorded).toEqual([expect.objectContaining(keyOf('key-1'))]);
    const restarted = creatingAt(lean.url, opened(config));
    expect(await restarted.create('key-1')).toMatchObject({
      kind: 'created',
      intentId: (answer as { intentId: string }).intentId,
    });
    expect(posts(lean)).toHaveLength(1);
  });
});
