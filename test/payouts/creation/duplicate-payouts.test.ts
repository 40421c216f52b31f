import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/errors/gateway-errors.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import { startLean, refuseNext } from '../../lean/fixtures.ts';
import { createTestCore, keyOf, transfer } from '../../support/test-core.ts';
import { freshStore, openEmptyStore, openTestStore, storeKinds } from '../../support/stores.ts';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
/** More than the default resend delay, the deadline of a request and the precision of Lean's `Date` together. */
const delay = 625 * second;

const ours = { amount: '16.5', destinationId: destinations.pays, externalReference: 'order-1' };

const decision = { decision: 'send again', intentId: null, by: 'me', reason: 'asked', evidence: {} } as const;

/*
 * A proxy in front of Lean may deliver a request twice, and Lean may list a payout later than expected. The gateway
 * reports every payout at Lean that exceeds the requested ones.
 */
describe.each(storeKinds)('duplicate payouts of a key (%s)', storeKind => {
  async function start() {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const duplicates: string[] = [];
    const incomplete: string[] = [];
    const { database } = await openEmptyStore(storeKind, now);
    const core = createTestCore(lean.url, database, {
      now,
      reconciliationEvents: {
        duplicates: ({ idempotencyKey }, intents) => duplicates.push(`${idempotencyKey} ${intents.join()}`),
        auditIncomplete: ({ idempotencyKey }) => incomplete.push(idempotencyKey),
      },
    });
    await core.client.listPayouts({ page_number: '0', page_size: '1' });
    /** Creates a payout whose request is lost before Lean receives it. */
    const createLost = (key: string, wanted = transfer()) => {
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      return core.create(key, wanted);
    };
    /** `key-1` is lost, and is sent again and created after the resend delay. */
    const sendTwice = async () => {
      await createLost('key-1');
      clock.ms += delay;
      expect(await core.create('key-1')).toMatchObject({ kind: 'created' });
    };
    /** Announces a payout like that of `key-1` by a webhook. */
    const announce = (intentId: string) =>
      core.reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId });
    /** Whether Lean's list was read since the last call. */
    const wasListRead = () => lean.requests.splice(0).some(({ operation }) => operation === 'listPayouts');
    /** The same gateway after its client id was replaced. */
    const withNewClientId = () => createTestCore(lean.url, database, { now, application: 'withNewClientId' });
    return {
      ...core,
      lean,
      clock,
      duplicates,
      incomplete,
      createLost,
      sendTwice,
      announce,
      wasListRead,
      withNewClientId,
    };
  }

  it('audits happen at the planned times, however many webhooks arrive in between', async () => {
    const { clock, loop, sendTwice, announce, wasListRead } = await start();
    await sendTwice();
    const readTimes: number[] = [];
    wasListRead();
    for (let minutes = 0; minutes <= 25 * 60; minutes += 5) {
      const hasWebhook = minutes > 0 && minutes < 10;
      if (hasWebhook) await announce('webhook');
      await loop.poll();
      if (wasListRead() && !hasWebhook) readTimes.push(minutes);
      clock.ms += 300 * second;
    }
    expect(readTimes).toEqual([10, 70, 10 + 24 * 60]);
  });

  it('a duplicate is found because of a webhook with an intent of no record', async () => {
    const { lean, clock, loop, create, announce, duplicates, wasListRead } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    await loop.poll();
    wasListRead();
    const { intentId } = lean.payouts.add(ours);
    await announce(intentId);
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('a second payment of the key’s own intent is reported', async () => {
    const { lean, clock, loop, sendTwice, duplicates } = await start();
    await sendTwice();
    const [{ intentId = '' } = {}] = lean.payouts.all();
    lean.payouts.add({ ...ours, intentId });
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('a second payment of an intent of a batch is reported', async () => {
    const { lean, clock, loop, createAll, duplicates } = await start();
    const wanted = ['order-2', 'order-3'].map(externalReference =>
      transfer(undefined, { externalReference }),
    );
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await createAll('batch', wanted);
    clock.ms += delay;
    await loop.poll();
    expect(await createAll('batch', wanted)).toMatchObject({ created: [{}, {}] });
    const [{ intentId = '' } = {}] = lean.payouts.all();
    lean.payouts.add({ ...ours, intentId });
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`batch ${intentId}`]);
  });

  it('a late payout that was sent under a lost record is reported by the audit', async () => {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const duplicates: string[] = [];
    const database = openTestStore(await freshStore(storeKind), { clock: now, lossWindowMs: 600 * second });
    const { create, loop, client } = createTestCore(lean.url, database, {
      now,
      reconciliationEvents: {
        duplicates: ({ idempotencyKey }, intents) => duplicates.push(`${idempotencyKey} ${intents.join()}`),
      },
    });
    await client.listPayouts({ page_number: '0', page_size: '1' });
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    const createdAt = new Date(clock.ms - hour).toISOString();
    const { intentId } = lean.payouts.add({ ...ours, createdAt });
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('a webhook with the intent of a record causes no audit', async () => {
    const { lean, clock, loop, create, announce, wasListRead } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    wasListRead();
    await announce(lean.payouts.all()[0]?.intentId ?? '');
    await loop.poll();
    expect(wasListRead()).toBe(false);
  });

  it('a duplicate of a key that was sent twice is found because of a webhook long after the last audit', async () => {
    const { lean, clock, loop, sendTwice, announce, duplicates } = await start();
    await sendTwice();
    for (let days = 0; days < 4; days += 1) {
      clock.ms += day;
      await loop.poll();
    }
    const { intentId } = lean.payouts.add(ours);
    await announce(intentId);
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('a duplicate of a key that was sent twice is reported even if Lean returns no references', async () => {
    const { lean, clock, loop, sendTwice, duplicates } = await start();
    Object.assign(lean.behaviour, { references: 'dropped' });
    await sendTwice();
    const { intentId } = lean.payouts.add({ ...ours, description: 'INV 001' });
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('an audit with an incomplete list is reported as incomplete', async () => {
    const { lean, clock, loop, sendTwice, incomplete } = await start();
    await sendTwice();
    Object.assign(lean.behaviour, { listTotal: 'missing' });
    clock.ms += delay;
    await loop.poll();
    expect(incomplete).toEqual(['key-1']);
  });

  it('a duplicate that Lean has shown once prevents another send, whatever the list shows later', async () => {
    const { lean, clock, create, createLost, records } = await start();
    await createLost('key-1');
    const shown = [lean.payouts.add(ours), lean.payouts.add(ours)];
    clock.ms += 5 * second;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.payouts.clear();
    lean.requests.length = 0;
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR', resendAt: null });
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toEqual([]);
    expect((await records.read(keyOf('key-1')))?.duplicateIntents).toHaveLength(shown.length);
  });

  it('a second payout of an answered key is not assigned to another key with the same reference', async () => {
    const { lean, clock, create, createLost } = await start();
    await create('key-1');
    lean.payouts.add(ours);
    await createLost('key-2');
    clock.ms += 5 * second;
    expect(await create('key-2')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it.each([
    ['whose outcome is unknown', true],
    ['that was answered', false],
  ])('a payout of a key %s under an old client id is not assigned to another key', async (_what, isOpen) => {
    const { lean, clock, create, createLost, withNewClientId } = await start();
    // The payout at Lean is that of the first key, or a second copy of it.
    if (isOpen) await createLost('key-1');
    else await create('key-1');
    lean.payouts.add(ours);
    const after = withNewClientId();
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await after.create('key-2');
    clock.ms += 5 * second;
    expect(await after.create('key-2')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('a payout is not assigned to a key if Lean has made the references of two keys equal', async () => {
    const { lean, clock, create, createLost } = await start();
    Object.assign(lean.behaviour, { references: 'lowercased' });
    const [upper, lower] = ['INV-A1', 'inv-a1'].map(reference =>
      transfer(undefined, { externalReference: reference }),
    );
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('upper', upper);
    await createLost('lower', lower);
    clock.ms += 5 * second;
    expect(await create('lower', lower)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('a payout with the reference of a key makes it UNCLEAR even if its destination differs', async () => {
    const { lean, clock, create, createLost } = await start();
    await createLost('key-1');
    lean.payouts.add({ ...ours, destinationId: destinations.staysPending });
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('a payout with the reference of a key makes it UNCLEAR even if its currency differs', async () => {
    const { lean, clock, create, createLost } = await start();
    await createLost(
      'key-1',
      transfer(undefined, { amount: { amount: '16.50' as Decimal, currency: 'AED' } }),
    );
    lean.payouts.add({ ...ours, currency: 'SAR' });
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('a payout with a rounded amount makes a key UNCLEAR even if a rejected key has the same reference and that amount', async () => {
    const { lean, clock, create, createLost } = await start();
    await create('shows that references are exact', transfer(undefined, { externalReference: 'exact' }));
    const refused = transfer(destinations.refused, {
      amount: { amount: '17.00' as Decimal, currency: 'AED' },
      externalReference: 'order-9',
    });
    expect(await create('refused', refused)).toMatchObject({ kind: 'rejected' });
    await createLost('corrected', transfer(undefined, { externalReference: 'order-9' }));
    lean.payouts.add({ ...ours, amount: '17', externalReference: 'order-9' });
    clock.ms += delay;
    expect(await create('corrected', transfer(undefined, { externalReference: 'order-9' }))).toMatchObject({
      kind: 'unknown',
      reason: 'UNCLEAR',
    });
  });

  it('two keys whose references Lean may have made equal are UNCLEAR even if it returns simple references unchanged', async () => {
    const { lean, clock, create, createLost } = await start();
    await create('shows that references are exact', transfer(undefined, { externalReference: 'exact' }));
    const [dash, space] = ['INV-1', 'INV 1'].map(externalReference =>
      transfer(undefined, { externalReference }),
    );
    await createLost('dash', dash);
    await createLost('space', space);
    // Lean has created the payout of the reference with the space.
    lean.payouts.add({ ...ours, externalReference: 'INV-1' });
    clock.ms += delay;
    expect(await create('dash', dash)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(await create('space', space)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('a duplicate is reported even if an answered key has the same reference', async () => {
    const { lean, clock, loop, create, sendTwice, duplicates } = await start();
    await sendTwice();
    await create('key-2');
    const { intentId } = lean.payouts.add(ours);
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('a corrected payout under a new key is found even if the refused one had the same reference', async () => {
    const { lean, clock, create } = await start();
    expect(await create('refused', transfer(destinations.refused))).toMatchObject({ kind: 'rejected' });
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('corrected');
    clock.ms += 5 * second;
    expect(await create('corrected')).toMatchObject({ kind: 'created' });
  });

  it('a payout that an operator has judged to be another one is no duplicate', async () => {
    const { lean, clock, loop, create, createLost, operator, records, reconciliation, duplicates } =
      await start();
    await createLost('key-1');
    const other = lean.payouts.add({ ...ours, externalReference: null, description: 'INV 001' });
    clock.ms += delay;
    const request = await records.read(keyOf('key-1'));
    if (request === undefined) throw new Error('there is no record');
    await operator.grantSend(request, { finding: 'look_alike', payouts: [other.intentId] }, decision);
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([]);
    expect(await reconciliation.doubtReason('test')).toBeUndefined();
  });

  it('an unrelated payout is no duplicate while Lean cannot show its intent', async () => {
    const { lean, clock, loop, sendTwice, duplicates, create } = await start();
    await create('shows that references are exact', transfer(undefined, { externalReference: 'exact' }));
    clock.ms += delay;
    await sendTwice();
    lean.payouts.add({ ...ours, externalReference: 'ERP-77', description: 'INV 001' });
    lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutIntent' });
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([]);
  });

  it('a doubt of the list that is recorded after the read still prevents another send', async () => {
    const { lean, clock, create, createLost, records, reconciliation } = await start();
    await createLost('key-1');
    clock.ms += delay;
    lean.requests.length = 0;
    const leaseAgain = records.leaseAgain.bind(records);
    records.leaseAgain = async (...args) => {
      const lease = await leaseAgain(...args);
      await reconciliation.doubtAbsence('test', 'an-intent', 'another gateway has found it');
      return lease;
    };
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toEqual([]);
  });

  it('a key is audited at most once in five minutes, however many webhooks with unknown intents arrive', async () => {
    const { clock, loop, create, announce, wasListRead } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    wasListRead();
    let auditCount = 0;
    for (let times = 0; times < 10; times += 1) {
      await announce(`e0000000-0000-4000-8000-00000000000${String(times)}`);
      await loop.poll();
      if (wasListRead()) auditCount += 1;
      clock.ms += second;
    }
    expect(auditCount).toBe(1);
  });

  it('a key is audited three times if Lean has turned the first send away', async () => {
    const { lean, clock, loop, create, wasListRead } = await start();
    refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
    await create('key-1').catch(() => undefined);
    clock.ms += 5 * second;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    wasListRead();
    let auditCount = 0;
    for (let hours = 0; hours < 30; hours += 1) {
      await loop.poll();
      if (wasListRead()) auditCount += 1;
      clock.ms += hour;
    }
    expect(auditCount).toBe(3);
  });

  it('a payout that an operator has judged to be another one is a duplicate once Lean shows its reference', async () => {
    const { lean, clock, loop, create, createLost, operator, records, duplicates } = await start();
    await createLost('key-1');
    const first = lean.payouts.add(ours);
    lean.behaviour.references = 'dropped';
    clock.ms += delay;
    const request = await records.read(keyOf('key-1'));
    if (request === undefined) throw new Error('there is no record');
    await operator.grantSend(request, { finding: 'look_alike', payouts: [first.intentId] }, decision);
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    lean.behaviour.references = 'exact';
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${first.intentId}`]);
  });

  it('a second payout with a rounded amount is reported once an operator has chosen the first one', async () => {
    const { lean, clock, loop, createLost, decisions, duplicates } = await start();
    lean.behaviour.amounts = 'rounded';
    await createLost('key-1');
    const [one, two] = [lean.payouts.add(ours), lean.payouts.add(ours)];
    clock.ms += delay;
    const { done } = await decisions.decide(keyOf('key-1'), {
      kind: 'created',
      intentId: one.intentId,
      by: 'ann',
      reason: 'asked Lean',
      position: null,
      despite: null,
    });
    expect(done).toBe(true);
    clock.ms += delay;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${two.intentId}`]);
  });

  it('an audit that cannot read an intent is reported as incomplete', async () => {
    const { lean, clock, loop, sendTwice, incomplete } = await start();
    await sendTwice();
    lean.payouts.add({ ...ours, description: 'INV 001' });
    lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutIntent' });
    clock.ms += delay;
    await loop.poll();
    expect(incomplete).toEqual(['key-1']);
  });

  it('a payout that is listed after its first webhook is found because of the second one', async () => {
    const { lean, clock, loop, create, announce, duplicates } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    await announce('e0000000-0000-4000-8000-000000000001');
    await loop.poll();
    const { intentId } = lean.payouts.add(ours);
    clock.ms += 120 * second;
    await announce(intentId);
    await loop.poll();
    expect(duplicates, 'a key is audited once in five minutes').toEqual([]);
    clock.ms += 180 * second;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('the last audit is repeated if the store has failed during it', async () => {
    const { lean, clock, loop, create, evidence, duplicates } = await start();
    expect(await create('key-1', transfer(destinations.failsAtOnce))).toMatchObject({ kind: 'rejected' });
    for (const pause of [delay, hour]) {
      clock.ms += pause;
      await loop.poll();
    }
    const { intentId } = lean.payouts.add({ ...ours, destinationId: destinations.failsAtOnce });
    clock.ms += day;
    vi.spyOn(evidence, 'otherRecords').mockRejectedValueOnce(new StoreUnavailable(new Error('unavailable')));
    await expect(loop.poll()).rejects.toThrow(StoreUnavailable);
    expect(duplicates).toEqual([]);
    clock.ms += 300 * second;
    await loop.poll();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  describe('a failed payout that gets another payment', () => {
    async function startWithFailedPayout() {
      const started = await start();
      const { create, lean } = started;
      const answer = await create('key-1', transfer(destinations.failsAtOnce));
      expect(answer).toMatchObject({ kind: 'rejected' });
      const intentId = (answer as { rejectedIntentId: string }).rejectedIntentId;
      /** Adds another payment of the intent at Lean. */
      const addPayment = () =>
        lean.payouts.add({ ...ours, destinationId: destinations.failsAtOnce, intentId });
      const announceFailed = () =>
        started.reconciliation.rescheduleNow({
          amount: '16.5',
          destinationId: destinations.failsAtOnce,
          intentId,
        });
      return { ...started, intentId, addPayment, announceFailed };
    }

    it('a payment of a failed payout is reported by the planned audit and listed for operators', async () => {
      const { clock, loop, duplicates, operator, intentId, addPayment } = await startWithFailedPayout();
      addPayment();
      clock.ms += delay;
      await loop.poll();
      expect(duplicates).toEqual([`key-1 ${intentId}`]);
      expect(await operator.attention()).toMatchObject({ duplicates: 1 });
      expect(await operator.list({ unknownOnly: true, since: undefined, limit: 10 })).toMatchObject([
        { idempotencyKey: 'key-1', duplicateIntents: [intentId] },
      ]);
    });

    it('a payment of a failed payout is reported because of a late webhook', async () => {
      const { clock, loop, duplicates, intentId, addPayment, announceFailed } = await startWithFailedPayout();
      for (let days = 0; days < 4; days += 1) {
        clock.ms += day;
        await loop.poll();
      }
      addPayment();
      await announceFailed();
      await loop.poll();
      expect(duplicates).toEqual([`key-1 ${intentId}`]);
    });

    it.each([null, '16', '165.00'])(
      'a payment of a failed payout is reported because of a webhook with the amount %s',
      async amount => {
        const { clock, loop, duplicates, intentId, addPayment, reconciliation } =
          await startWithFailedPayout();
        clock.ms += day;
        await loop.poll();
        clock.ms += 2 * day;
        await loop.poll();
        addPayment();
        await reconciliation.rescheduleNow({ amount, destinationId: null, intentId });
        await loop.poll();
        expect(duplicates).toEqual([`key-1 ${intentId}`]);
      },
    );

    it('a failed payout without another payment is not reported', async () => {
      const { clock, loop, duplicates, announceFailed } = await startWithFailedPayout();
      clock.ms += delay;
      await loop.poll();
      clock.ms += delay;
      await announceFailed();
      await loop.poll();
      expect(duplicates).toEqual([]);
    });

    it('a payment of a failed payout in a batch is reported even if the outcome was unknown', async () => {
      const { lean, clock, loop, createAll, duplicates } = await start();
      const wanted = [
        transfer(undefined, { externalReference: 'order-2' }),
        transfer(destinations.failsAtOnce, { externalReference: 'order-3' }),
      ];
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await createAll('batch', wanted);
      clock.ms += delay;
      await loop.poll();
      const answer = await createAll('batch', wanted);
      expect(answer).toMatchObject({ created: [{}], rejected: [{}] });
      const intentId = (answer as unknown as { rejected: [{ rejectedIntentId: string }] }).rejected[0]
        .rejectedIntentId;
      lean.payouts.add({ ...ours, destinationId: destinations.failsAtOnce, intentId });
      clock.ms += delay;
      await loop.poll();
      expect(duplicates).toEqual([`batch ${intentId}`]);
    });
  });

  it('a payout with the reference of a rejected key is not assigned to another key', async () => {
    const { lean, clock, create, createLost } = await start();
    await createLost('key-1');
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    clock.ms += delay;
    // Lean refuses the second send, and the first one is proven absent, so the key is rejected.
    await create('key-1');
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'rejected' });
    await createLost('key-2');
    lean.payouts.add(ours);
    clock.ms += 5 * second;
    expect(await create('key-2')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });
});
