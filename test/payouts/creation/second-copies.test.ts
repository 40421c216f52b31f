import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/errors/gateway-errors.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { destinations } from '../../../src/sandbox/named.ts';
import { startLean, refuseNext } from '../../lean/wiring.ts';
import { creatingAt, keyOf, transfer } from '../../support/creating.ts';
import { freshStore, opened, stores } from '../../support/stores.ts';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
/** The default resend delay, and what a deadline and Lean's whole seconds add to it. */
const delay = 625 * second;

const ours = { amount: '16.5', destinationId: destinations.pays, externalReference: 'order-1' };

const decision = { decision: 'send again', intentId: null, by: 'me', reason: 'asked', evidence: {} } as const;

/*
 * An edge in front of Lean may deliver a request twice, and Lean may list a payout later than it should. The gateway
 * tells of every payout that Lean has beyond those that were asked for, and lets nothing hide one.
 */
describe.each(stores)('a second payout of a key (%s)', kind => {
  async function start() {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const duplicates: string[] = [];
    const incomplete: string[] = [];
    const database = opened(await freshStore(kind), { clock: now });
    const core = creatingAt(lean.url, database, {
      now,
      reconciliation: {
        duplicates: ({ idempotencyKey }, intents) => duplicates.push(`${idempotencyKey} ${intents.join()}`),
        auditIncomplete: ({ idempotencyKey }) => incomplete.push(idempotencyKey),
      },
    });
    await core.client.listPayouts({ page_number: '0', page_size: '1' });
    const lose = (key: string, wanted = transfer()) => {
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      return core.create(key, wanted);
    };
    /** `key-1` was lost, sent again after the delay, and taken then. */
    const sendTwice = async () => {
      await lose('key-1');
      clock.ms += delay;
      expect(await core.create('key-1')).toMatchObject({ kind: 'created' });
    };
    const heard = (intentId: string) =>
      core.reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId });
    const audits = () => lean.requests.splice(0).some(({ operation }) => operation === 'listPayouts');
    /** The same gateway after Lean has replaced its client id. */
    const renamed = () => creatingAt(lean.url, database, { now, application: 'renamed' });
    return { ...core, lean, clock, duplicates, incomplete, lose, sendTwice, heard, audits, renamed };
  }

  it('is looked for at the planned times, however many webhooks come in between', async () => {
    const { clock, loop, sendTwice, heard, audits } = await start();
    await sendTwice();
    const looks: number[] = [];
    audits();
    for (let minutes = 0; minutes <= 25 * 60; minutes += 5) {
      const woken = minutes > 0 && minutes < 10;
      if (woken) await heard('webhook');
      await loop.round();
      if (audits() && !woken) looks.push(minutes);
      clock.ms += 300 * second;
    }
    expect(looks).toEqual([10, 70, 10 + 24 * 60]);
  });

  it('is found by a webhook that names an intent of no record', async () => {
    const { lean, clock, loop, create, heard, duplicates, audits } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    await loop.round();
    audits();
    const { intentId } = lean.payouts.add(ours);
    await heard(intentId);
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('is told where Lean has taken two payments of the key’s own intent', async () => {
    const { lean, clock, loop, sendTwice, duplicates } = await start();
    await sendTwice();
    const [{ intentId = '' } = {}] = lean.payouts.all();
    lean.payouts.add({ ...ours, intentId });
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('is told where Lean has taken two payments of one intent of a batch', async () => {
    const { lean, clock, loop, createAll, duplicates } = await start();
    const wanted = ['order-2', 'order-3'].map(externalReference =>
      transfer(undefined, { externalReference }),
    );
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await createAll('batch', wanted);
    clock.ms += delay;
    await loop.round();
    expect(await createAll('batch', wanted)).toMatchObject({ created: [{}, {}] });
    const [{ intentId = '' } = {}] = lean.payouts.all();
    lean.payouts.add({ ...ours, intentId });
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([`batch ${intentId}`]);
  });

  it('that was sent under a lost record, and is listed late, is told by the audit', async () => {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const duplicates: string[] = [];
    const database = opened(await freshStore(kind), { clock: now, lossWindowMs: 600 * second });
    const { create, loop, client } = creatingAt(lean.url, database, {
      now,
      reconciliation: {
        duplicates: ({ idempotencyKey }, intents) => duplicates.push(`${idempotencyKey} ${intents.join()}`),
      },
    });
    await client.listPayouts({ page_number: '0', page_size: '1' });
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    const createdAt = new Date(clock.ms - hour).toISOString();
    const { intentId } = lean.payouts.add({ ...ours, createdAt });
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('is not looked for when a webhook names the payout of a record', async () => {
    const { lean, clock, loop, create, heard, audits } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    audits();
    await heard(lean.payouts.all()[0]?.intentId ?? '');
    await loop.round();
    expect(audits()).toBe(false);
  });

  it('of a key that was sent twice is found by a webhook long after the last audit', async () => {
    const { lean, clock, loop, sendTwice, heard, duplicates } = await start();
    await sendTwice();
    for (let days = 0; days < 4; days += 1) {
      clock.ms += day;
      await loop.round();
    }
    const { intentId } = lean.payouts.add(ours);
    await heard(intentId);
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('is told for a key that was sent twice also where Lean gives no references back', async () => {
    const { lean, clock, loop, sendTwice, duplicates } = await start();
    Object.assign(lean.behaviour, { references: 'dropped' });
    await sendTwice();
    const { intentId } = lean.payouts.add({ ...ours, description: 'INV 001' });
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('that an audit cannot look for in a whole list is told as such', async () => {
    const { lean, clock, loop, sendTwice, incomplete } = await start();
    await sendTwice();
    Object.assign(lean.behaviour, { listTotal: 'missing' });
    clock.ms += delay;
    await loop.round();
    expect(incomplete).toEqual(['key-1']);
  });

  it('that Lean has shown once keeps the key from being sent again, whatever the list shows later', async () => {
    const { lean, clock, create, lose, records } = await start();
    await lose('key-1');
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

  it('is not taken for the payout of another key with the same reference', async () => {
    const { lean, clock, create, lose } = await start();
    await create('key-1');
    lean.payouts.add(ours);
    await lose('key-2');
    clock.ms += 5 * second;
    expect(await create('key-2')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it.each([
    ['whose outcome is unknown', true],
    ['that was answered', false],
  ])('is not taken for the payout of a key %s under a client id that was replaced', async (_what, open) => {
    const { lean, clock, create, lose, renamed } = await start();
    // Lean has taken the first key's payout, or a second copy of it.
    if (open) await lose('key-1');
    else await create('key-1');
    lean.payouts.add(ours);
    const after = renamed();
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await after.create('key-2');
    clock.ms += 5 * second;
    expect(await after.create('key-2')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('is not taken for the payout of a key whose reference Lean writes alike', async () => {
    const { lean, clock, create, lose } = await start();
    Object.assign(lean.behaviour, { references: 'lowercased' });
    const [upper, lower] = ['INV-A1', 'inv-a1'].map(reference =>
      transfer(undefined, { externalReference: reference }),
    );
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('upper', upper);
    await lose('lower', lower);
    clock.ms += 5 * second;
    expect(await create('lower', lower)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('may be any of the payouts with its reference, whatever the destination that Lean shows', async () => {
    const { lean, clock, create, lose } = await start();
    await lose('key-1');
    lean.payouts.add({ ...ours, destinationId: destinations.staysPending });
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('is not overlooked because Lean has answered in another currency', async () => {
    const { lean, clock, create, lose } = await start();
    await lose('key-1', transfer(undefined, { amount: { amount: '16.50' as Decimal, currency: 'AED' } }));
    lean.payouts.add({ ...ours, currency: 'SAR' });
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('is not dismissed because a rejected key had the same reference and the amount that Lean rounds to', async () => {
    const { lean, clock, create, lose } = await start();
    await create('shows that references are exact', transfer(undefined, { externalReference: 'exact' }));
    const refused = transfer(destinations.refused, {
      amount: { amount: '17.00' as Decimal, currency: 'AED' },
      externalReference: 'order-9',
    });
    expect(await create('refused', refused)).toMatchObject({ kind: 'rejected' });
    await lose('corrected', transfer(undefined, { externalReference: 'order-9' }));
    lean.payouts.add({ ...ours, amount: '17', externalReference: 'order-9' });
    clock.ms += delay;
    expect(await create('corrected', transfer(undefined, { externalReference: 'order-9' }))).toMatchObject({
      kind: 'unknown',
      reason: 'UNCLEAR',
    });
  });

  it('is not given to a key whose reference Lean writes like another open one, also where simple ones are exact', async () => {
    const { lean, clock, create, lose } = await start();
    await create('shows that references are exact', transfer(undefined, { externalReference: 'exact' }));
    const [dash, blank] = ['INV-1', 'INV 1'].map(externalReference =>
      transfer(undefined, { externalReference }),
    );
    await lose('dash', dash);
    await lose('blank', blank);
    // Lean has taken the one with the blank.
    lean.payouts.add({ ...ours, externalReference: 'INV-1' });
    clock.ms += delay;
    expect(await create('dash', dash)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(await create('blank', blank)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });

  it('is told although an answered key has the same reference', async () => {
    const { lean, clock, loop, create, sendTwice, duplicates } = await start();
    await sendTwice();
    await create('key-2');
    const { intentId } = lean.payouts.add(ours);
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('is found for a corrected payout under a new key, although the refused one had its reference', async () => {
    const { lean, clock, create } = await start();
    expect(await create('refused', transfer(destinations.refused))).toMatchObject({ kind: 'rejected' });
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('corrected');
    clock.ms += 5 * second;
    expect(await create('corrected')).toMatchObject({ kind: 'created' });
  });

  it('is not seen in what an operator has judged to be another payout', async () => {
    const { lean, clock, loop, create, lose, operator, records, reconciliation, duplicates } = await start();
    await lose('key-1');
    const other = lean.payouts.add({ ...ours, externalReference: null, description: 'INV 001' });
    clock.ms += delay;
    const request = await records.read(keyOf('key-1'));
    if (request === undefined) throw new Error('there is no record');
    await operator.grantSend(request, { finding: 'look_alike', payouts: [other.intentId] }, decision);
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([]);
    expect(await reconciliation.doubt('test')).toBeUndefined();
  });

  it('is not seen in payouts of others while Lean cannot show an intent', async () => {
    const { lean, clock, loop, sendTwice, duplicates, create } = await start();
    await create('shows that references are exact', transfer(undefined, { externalReference: 'exact' }));
    clock.ms += delay;
    await sendTwice();
    lean.payouts.add({ ...ours, externalReference: 'ERP-77', description: 'INV 001' });
    lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutIntent' });
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([]);
  });

  it('keeps a key from being sent again also when it is noted after the list was read', async () => {
    const { lean, clock, create, lose, records, reconciliation } = await start();
    await lose('key-1');
    clock.ms += delay;
    lean.requests.length = 0;
    const leaseAgain = records.leaseAgain.bind(records);
    records.leaseAgain = async (...args) => {
      const lease = await leaseAgain(...args);
      await reconciliation.doubtAbsence('test', 'an-intent', 'another gateway saw it');
      return lease;
    };
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toEqual([]);
  });

  it('is looked for once in five minutes, however many webhooks of unknown intents come', async () => {
    const { clock, loop, create, heard, audits } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    audits();
    let looks = 0;
    for (let times = 0; times < 10; times += 1) {
      await heard(`e0000000-0000-4000-8000-00000000000${String(times)}`);
      await loop.round();
      if (audits()) looks += 1;
      clock.ms += second;
    }
    expect(looks).toBe(1);
  });

  it('is looked for three times after Lean had turned the first send away', async () => {
    const { lean, clock, loop, create, audits } = await start();
    refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
    await create('key-1').catch(() => undefined);
    clock.ms += 5 * second;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    audits();
    let looks = 0;
    for (let hours = 0; hours < 30; hours += 1) {
      await loop.round();
      if (audits()) looks += 1;
      clock.ms += hour;
    }
    expect(looks).toBe(3);
  });

  it('is told when Lean later shows it to be what an operator had judged to be another payout', async () => {
    const { lean, clock, loop, create, lose, operator, records, duplicates } = await start();
    await lose('key-1');
    const first = lean.payouts.add(ours);
    lean.behaviour.references = 'dropped';
    clock.ms += delay;
    const request = await records.read(keyOf('key-1'));
    if (request === undefined) throw new Error('there is no record');
    await operator.grantSend(request, { finding: 'look_alike', payouts: [first.intentId] }, decision);
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    lean.behaviour.references = 'exact';
    clock.ms += delay;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${first.intentId}`]);
  });

  it('is told also where Lean rounds amounts, once an operator has named the other one', async () => {
    const { lean, clock, loop, lose, decisions, duplicates } = await start();
    lean.behaviour.amounts = 'rounded';
    await lose('key-1');
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
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${two.intentId}`]);
  });

  it('that may be behind an intent which Lean cannot show is told as an incomplete audit', async () => {
    const { lean, clock, loop, sendTwice, incomplete } = await start();
    await sendTwice();
    lean.payouts.add({ ...ours, description: 'INV 001' });
    lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutIntent' });
    clock.ms += delay;
    await loop.round();
    expect(incomplete).toEqual(['key-1']);
  });

  it('that is listed after its first webhook is found because of the second one', async () => {
    const { lean, clock, loop, create, heard, duplicates } = await start();
    await create('key-1');
    clock.ms += 5 * second;
    await heard('e0000000-0000-4000-8000-000000000001');
    await loop.round();
    const { intentId } = lean.payouts.add(ours);
    clock.ms += 120 * second;
    await heard(intentId);
    await loop.round();
    expect(duplicates, 'a key is audited once in five minutes').toEqual([]);
    clock.ms += 180 * second;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  it('is looked for again where the store failed during the last audit', async () => {
    const { lean, clock, loop, create, evidence, duplicates } = await start();
    expect(await create('key-1', transfer(destinations.failsAtOnce))).toMatchObject({ kind: 'rejected' });
    for (const pause of [delay, hour]) {
      clock.ms += pause;
      await loop.round();
    }
    const { intentId } = lean.payouts.add({ ...ours, destinationId: destinations.failsAtOnce });
    clock.ms += day;
    vi.spyOn(evidence, 'otherRecords').mockRejectedValueOnce(new StoreUnavailable(new Error('blip')));
    await expect(loop.round()).rejects.toThrow(StoreUnavailable);
    expect(duplicates).toEqual([]);
    clock.ms += 300 * second;
    await loop.round();
    expect(duplicates).toEqual([`key-1 ${intentId}`]);
  });

  describe('that Lean has failed, and takes a payment of after all,', () => {
    async function failed() {
      const started = await start();
      const { create, lean } = started;
      const answer = await create('key-1', transfer(destinations.failsAtOnce));
      expect(answer).toMatchObject({ kind: 'rejected' });
      const intentId = (answer as { rejectedIntentId: string }).rejectedIntentId;
      /** Lean takes another payment of the intent. */
      const takeAfterAll = () =>
        lean.payouts.add({ ...ours, destinationId: destinations.failsAtOnce, intentId });
      const heardOf = () =>
        started.reconciliation.rescheduleNow({
          amount: '16.5',
          destinationId: destinations.failsAtOnce,
          intentId,
        });
      return { ...started, intentId, takeAfterAll, heardOf };
    }

    it('is told by the planned look, and listed for operators', async () => {
      const { clock, loop, duplicates, operator, intentId, takeAfterAll } = await failed();
      takeAfterAll();
      clock.ms += delay;
      await loop.round();
      expect(duplicates).toEqual([`key-1 ${intentId}`]);
      expect(await operator.attention()).toMatchObject({ duplicates: 1 });
      expect(await operator.list({ unknownOnly: true, since: undefined, limit: 10 })).toMatchObject([
        { idempotencyKey: 'key-1', duplicateIntents: [intentId] },
      ]);
    });

    it('is told because of a webhook, however late', async () => {
      const { clock, loop, duplicates, intentId, takeAfterAll, heardOf } = await failed();
      for (let days = 0; days < 4; days += 1) {
        clock.ms += day;
        await loop.round();
      }
      takeAfterAll();
      await heardOf();
      await loop.round();
      expect(duplicates).toEqual([`key-1 ${intentId}`]);
    });

    it.each([null, '16', '165.00'])('is told because of a webhook that names the amount %s', async amount => {
      const { clock, loop, duplicates, intentId, takeAfterAll, reconciliation } = await failed();
      clock.ms += day;
      await loop.round();
      clock.ms += 2 * day;
      await loop.round();
      takeAfterAll();
      await reconciliation.rescheduleNow({ amount, destinationId: null, intentId });
      await loop.round();
      expect(duplicates).toEqual([`key-1 ${intentId}`]);
    });

    it('is no alarm while the payout stays failed', async () => {
      const { clock, loop, duplicates, heardOf } = await failed();
      clock.ms += delay;
      await loop.round();
      clock.ms += delay;
      await heardOf();
      await loop.round();
      expect(duplicates).toEqual([]);
    });

    it('is told also where the outcome had been unknown, and in a batch', async () => {
      const { lean, clock, loop, createAll, duplicates } = await start();
      const wanted = [
        transfer(undefined, { externalReference: 'order-2' }),
        transfer(destinations.failsAtOnce, { externalReference: 'order-3' }),
      ];
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await createAll('batch', wanted);
      clock.ms += delay;
      await loop.round();
      const answer = await createAll('batch', wanted);
      expect(answer).toMatchObject({ created: [{}], rejected: [{}] });
      const intentId = (answer as unknown as { rejected: [{ rejectedIntentId: string }] }).rejected[0]
        .rejectedIntentId;
      lean.payouts.add({ ...ours, destinationId: destinations.failsAtOnce, intentId });
      clock.ms += delay;
      await loop.round();
      expect(duplicates).toEqual([`batch ${intentId}`]);
    });
  });

  it('of a rejected key is not given to another key with its reference', async () => {
    const { lean, clock, create, lose } = await start();
    await lose('key-1');
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    clock.ms += delay;
    // The second send is refused, and the first one proven absent: the key ends as rejected.
    await create('key-1');
    clock.ms += delay;
    expect(await create('key-1')).toMatchObject({ kind: 'rejected' });
    await lose('key-2');
    lean.payouts.add(ours);
    clock.ms += 5 * second;
    expect(await create('key-2')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
  });
});
