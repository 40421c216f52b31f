import { LeanClock } from '../../../src/lean/lean-clock.ts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/errors/gateway-errors.ts';
import type { ReconciliationEvents } from '../../../src/payouts/creation/outcome-reconciler.ts';
import { destinations } from '../../../src/sandbox/named.ts';
import { gate, startLean, refuseNext } from '../../lean/wiring.ts';
import { crashingCore } from '../../support/crashing-core.ts';
import { creatingAt, keyOf, transfer, type CreatingOptions } from '../../support/creating.ts';
import { freshStore, opened, stores } from '../../support/stores.ts';

const second = 1000;
const day = 86_400 * second;
const delay = 600 * second;

/** A payout at Lean as `key-1` asks for it. */
const ours = { amount: '16.5', destinationId: destinations.pays, externalReference: 'order-1' };

describe.each(stores)('looking for unknown outcomes (%s)', kind => {
  /** A gateway whose clock is the test's, in front of a Lean that has lost its answer to `key-1`. */
  async function losing(fault: 'drop_before' | 'drop_after', options: CreatingOptions = {}) {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const store = await freshStore(kind);
    const told: string[] = [];
    const reconciliation: Partial<ReconciliationEvents> = {
      settled: ({ idempotencyKey }, answer) =>
        told.push(`${answer.kind} ${idempotencyKey} ${answer.kind === 'created' ? answer.intentId : ''}`),
      open: ({ idempotencyKey }, finding, checks) =>
        told.push(`${idempotencyKey} ${finding} ${String(checks)}`),
      duplicates: ({ idempotencyKey }, intents) =>
        told.push(`duplicates ${idempotencyKey} ${intents.join()}`),
      absenceDoubted: ({ idempotencyKey }, intent) => told.push(`doubted ${idempotencyKey} ${intent}`),
    };
    const settings = { now, reconciliation, ...options };
    const database = opened(store, { clock: now });
    const gateway = creatingAt(lean.url, database, settings);
    lean.faults.add({ kind: fault, operation: 'createPayoutPayment', times: 1 });
    expect(await gateway.create('key-1')).toMatchObject({ kind: 'unknown' });
    lean.requests.length = 0;
    return { lean, store, database, clock, told, settings, ...gateway };
  }

  it('finds one that Lean has taken, and records it', async () => {
    const { lean, clock, told, loop, records, create } = await losing('drop_after');
    clock.ms += 5 * second;
    await loop.round();
    const [payout] = lean.payouts.all();
    expect(told).toEqual([`created key-1 ${payout?.intentId ?? ''}`]);
    expect(await records.read(keyOf('key-1'))).toMatchObject({
      records: [{ state: 'created', intentId: payout?.intentId }],
      nextCheckAt: clock.ms + 600_000,
    });
    lean.requests.length = 0;
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: payout?.intentId });
    expect(lean.requests).toEqual([]);
  });

  it('never sends what Lean does not have, and looks ever more seldom, and at the end of the delay', async () => {
    const { lean, clock, told, loop } = await losing('drop_before');
    const looks: number[] = [];
    for (let seconds = 0; seconds <= 700; seconds += 1) {
      await loop.round();
      if (lean.requests.splice(0).length > 0) looks.push(seconds);
      clock.ms += second;
    }
    expect(looks.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 160]);
    expect(looks.at(-1)).toBeGreaterThanOrEqual(600);
    expect(told.at(-1)).toMatch(/^key-1 absent /);
    expect(lean.payouts.all()).toEqual([]);
  });

  it('looks at least once an hour', async () => {
    const { lean, clock, loop } = await losing('drop_before');
    for (let times = 0; times < 20; times += 1) {
      clock.ms += 3600 * second;
      await loop.round();
    }
    expect(lean.requests.filter(({ operation }) => operation === 'listPayouts')).toHaveLength(40);
  });

  it('looks again soon when Lean could not be asked, however often', async () => {
    const { lean, clock, loop, records } = await losing('drop_after');
    lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
    for (let times = 0; times < 8; times += 1) {
      clock.ms += 5 * second;
      await loop.round();
    }
    expect(lean.requests).toHaveLength(8);
    lean.faults.clear();
    clock.ms += 5 * second;
    await loop.round();
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  it('is done by one gateway of several', async () => {
    const { lean, clock, store, database, settings, loop } = await losing('drop_before');
    // A folder has one gateway; there the others are of the same process.
    const others = Array.from({ length: 4 }, () =>
      creatingAt(lean.url, 'url' in store ? opened(store, { clock: () => clock.ms }) : database, settings),
    );
    clock.ms += 5 * second;
    await Promise.all([loop.round(), ...others.map(other => other.loop.round())]);
    // An empty list is read twice.
    expect(lean.requests).toHaveLength(2);
  });

  it('begins with what a crash has left behind', async () => {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const store = await freshStore(kind);
    const crashing = crashingCore(lean.url, store, { now, open: { clock: now } });
    crashing.dieAt({ transactions: 3, when: 'before' });
    void crashing.create('key-1');
    await crashing.dying;
    expect(lean.payouts.all()).toHaveLength(1);
    const restarted = creatingAt(lean.url, opened(store, { clock: now }), { now });
    await restarted.loop.round();
    expect(await restarted.records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'unknown' }] });
    clock.ms += 5 * second;
    await restarted.loop.round();
    expect(await restarted.records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
    expect(lean.payouts.all()).toHaveLength(1);
  });

  it('goes on by itself until it is stopped, and stopping waits for a look under way', async () => {
    const { lean, clock, loop, records, client } = await losing('drop_after', { loop: { everyMs: 1 } });
    const asked = gate();
    const answer = gate();
    const listPayouts = client.listPayouts.bind(client);
    client.listPayouts = async (...args) => {
      asked.open();
      await answer.opened;
      return listPayouts(...args);
    };
    loop.start();
    clock.ms += 5 * second;
    await asked.opened;
    const stopped = loop.stop();
    answer.open();
    await stopped;
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
    expect(lean.requests.map(({ operation }) => operation)).toEqual([
      'listPayouts',
      'listPayouts',
      'getPayoutIntent',
    ]);
  });

  it('rejects what Lean refused once Lean is proven to have nothing of it, with nobody asking', async () => {
    const { lean, clock, loop, records, create } = await losing('drop_before');
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    await create('key-2', transfer(destinations.staysPending));
    clock.ms += delay + 30 * second;
    await loop.round();
    expect(await records.read(keyOf('key-2'))).toMatchObject({
      records: [{ state: 'rejected', answer: { leanCode: 'INSUFFICIENT_BALANCE' } }],
    });
  });

  it('rejects each transfer of a batch by itself where Lean failed one of them', async () => {
    const { clock, loop, records, createAll, database, lean } = await losing('drop_before');
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    const batch = [2, 3].map(index => transfer(undefined, { externalReference: `order-${String(index)}` }));
    await createAll('batch', batch);
    const refusal = {
      kind: 'rejected',
      code: 'REJECTED_BY_LEAN',
      message: 'Lean failed the payout at once.',
      inputErrors: [],
      leanCode: 'NO_MONEY',
      rejectedIntentId: 'e0000000-0000-4000-8000-000000000009',
      idempotencyKey: 'batch',
      transferIndex: 1,
    };
    await database.run({
      sql: "UPDATE lean_payout_requests SET refusal = $1 WHERE idempotency_key = 'batch'",
      values: [JSON.stringify(refusal)],
    });
    clock.ms += delay + 30 * second;
    await loop.round();
    const answers = (await records.read(keyOf('batch')))?.records.map(({ answer }) => answer);
    expect(answers).toMatchObject([
      { kind: 'rejected', transferIndex: 0, rejectedIntentId: null },
      { kind: 'rejected', transferIndex: 1 },
    ]);
  });

  it('is done at the end of the delay also where a caller has had Lean read right before', async () => {
    const { lean, clock, loop, records, create } = await losing('drop_before');
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    const wanted = transfer(destinations.staysPending);
    await create('key-2', wanted);
    const end = ((await records.read(keyOf('key-2')))?.sends.until ?? 0) + delay;
    while (clock.ms < end - second) {
      clock.ms = Math.min(clock.ms + 60 * second, end - second);
      await loop.round();
    }
    await create('key-2', wanted);
    for (let seconds = 0; seconds < 15; seconds += 1) {
      clock.ms += second;
      await loop.round();
    }
    expect(await records.read(keyOf('key-2'))).toMatchObject({ records: [{ state: 'rejected' }] });
  });

  it('goes on with other requests when a bug keeps one from being looked for', async () => {
    const failures: string[] = [];
    const losers = await losing('drop_after', {
      loop: { onFailure: ({ idempotencyKey }) => failures.push(idempotencyKey) },
    });
    const { lean, clock, loop, records, create, reconciler } = losers;
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    const reconcile = reconciler.reconcile.bind(reconciler);
    vi.spyOn(reconciler, 'reconcile').mockImplementation((request, ...rest) => {
      if (request.idempotencyKey === 'key-1') throw new TypeError('a bug');
      return reconcile(request, ...rest);
    });
    clock.ms += 5 * second;
    await loop.round();
    expect(failures).toEqual(['key-1']);
    expect(await records.read(keyOf('key-2'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  describe('of two requests, where Lean answers', () => {
    async function roundWith(status: number) {
      const { lean, clock, loop, create, told } = await losing('drop_before');
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
      lean.faults.add({ kind: 'status', status, operation: 'listPayouts' });
      clock.ms += 5 * second;
      await loop.round();
      return { told, loop };
    }

    it('503, leaves the second one to the next round', async () => {
      const { told, loop } = await roundWith(503);
      expect(told).toEqual(['key-1 lean_unavailable 1']);
      await loop.round();
      expect(told).toEqual(['key-1 lean_unavailable 1', 'key-2 lean_unavailable 1']);
    });

    it('400, which is about one read only, looks for both', async () => {
      const { told } = await roundWith(400);
      expect(told).toEqual(['key-1 lean_unavailable 1', 'key-2 lean_unavailable 1']);
    });
  });

  it('comes to a request whose times a wrong clock has noted far ahead', async () => {
    const { lean, clock, loop, records, create } = await losing('drop_before');
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    clock.ms += 91 * day;
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    lean.payouts.clear();
    clock.ms -= 91 * day;
    lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'order-2' });
    await loop.round();
    expect(await records.read(keyOf('key-2'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  it('audits once what a wrong clock has settled far ahead', async () => {
    const { lean, clock, loop, create } = await losing('drop_before');
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    clock.ms += 91 * day;
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    clock.ms -= 91 * day;
    await loop.round();
    lean.requests.length = 0;
    for (let times = 0; times < 5; times += 1) await loop.round();
    expect(lean.requests).toEqual([]);
  });

  it('comes to those of unknown outcome before it audits others', async () => {
    const { lean, clock, loop, create, database } = await losing('drop_before');
    for (let index = 0; index < 30; index += 1)
      await create(
        `other-${String(index)}`,
        transfer(undefined, { externalReference: `other-${String(index)}` }),
      );
    await database.run({
      sql: "UPDATE lean_payout_requests SET next_check_at = 1 WHERE idempotency_key <> 'key-1'",
    });
    lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'order-1' });
    clock.ms += 5 * second;
    const [first] = await creatingAt(lean.url, database, { now: () => clock.ms }).reconciliation.due(
      1,
      'test',
    );
    expect(first?.idempotencyKey).toBe('key-1');
    await loop.round();
  });

  it('proves nothing of a request that a wrong clock has noted far ahead', async () => {
    const { lean, clock, loop, records, create } = await losing('drop_before');
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    clock.ms += 91 * day;
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    clock.ms -= 91 * day;
    for (let times = 0; times < 3; times += 1) {
      await loop.round();
      clock.ms += delay + 30 * second;
    }
    expect(await create('key-2', transfer(undefined, { externalReference: 'order-2' }))).toMatchObject({
      kind: 'unknown',
    });
    expect(await records.read(keyOf('key-2'))).toMatchObject({ finding: 'clocks_differ' });
  });

  describe('once a request is settled', () => {
    /** `key-1` was sent twice, and the second send was answered. */
    async function sentTwice() {
      const losers = await losing('drop_before');
      losers.clock.ms += delay + 30 * second;
      expect(await losers.create('key-1')).toMatchObject({ kind: 'created' });
      losers.lean.requests.length = 0;
      losers.told.length = 0;
      return losers;
    }

    it('that was sent twice is looked at again one delay, an hour and a day later, and then no more', async () => {
      const { lean, clock, loop } = await sentTwice();
      const looks: number[] = [];
      for (let minutes = 0; minutes <= 2 * 24 * 60; minutes += 5) {
        await loop.round();
        if (lean.requests.splice(0).some(({ operation }) => operation === 'listPayouts')) looks.push(minutes);
        clock.ms += 300 * second;
      }
      expect(looks).toEqual([10, 70, 10 + 24 * 60]);
    });

    it('a second payout at Lean is an alarm with its intent, once', async () => {
      const { lean, clock, loop, told, operator } = await sentTwice();
      const { intentId } = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
      });
      clock.ms += 3600 * second;
      await loop.round();
      clock.ms += 3600 * second;
      await loop.round();
      expect(told.filter(each => each.startsWith('duplicates'))).toEqual([`duplicates key-1 ${intentId}`]);
      expect(await operator.attention()).toMatchObject({ duplicates: 1 });
      expect(await operator.list({ unknownOnly: true, since: undefined, limit: 10 })).toMatchObject([
        { idempotencyKey: 'key-1', duplicateIntents: [intentId] },
      ]);
    });

    it('a payout that is older than the last send shows that the list had lacked it: nothing is judged absent any more', async () => {
      const { lean, clock, loop, told, create, operator } = await sentTwice();
      const { intentId } = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
        createdAt: new Date(clock.ms - delay).toISOString(),
      });
      clock.ms += delay;
      await loop.round();
      expect(told).toContain(`doubted key-1 ${intentId}`);
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(destinations.staysPending));
      clock.ms += delay + 30 * second;
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({
        reason: 'OPERATOR',
      });
      expect(await operator.endDoubt('test', 'ann', 'Lean has mended it')).toBe(true);
      clock.ms += 10 * second;
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({ kind: 'created' });
    });
  });

  it('a resend whose payout Lean stamps minutes before its Date is no doubt of the list', async () => {
    const { lean, clock, loop, told, create } = await losing('drop_before');
    clock.ms += delay + 30 * second;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    const [payout] = lean.payouts.all();
    lean.payouts.clear();
    lean.payouts.add({
      ...ours,
      intentId: payout?.intentId ?? '',
      createdAt: new Date(clock.ms - 240 * second).toISOString(),
    });
    for (const pause of [delay, 3600 * second, day]) {
      clock.ms += pause + 5 * second;
      await loop.round();
    }
    expect(told.filter(each => each.startsWith('doubted'))).toEqual([]);
  });

  it.each([
    ['was there by then shows that the list had lacked it', -400 * second, 1],
    ['came only then does not', 10 * second, 0],
  ])('of a batch that was rejected by the list a payout that %s', async (_what, fromRejection, doubts) => {
    const { lean, clock, loop, told, createAll } = await losing('drop_before');
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await createAll(
      'key-2',
      ['salary-a', 'salary-b'].map(externalReference => transfer(undefined, { externalReference })),
    );

    clock.ms += delay + 30 * second;
    await loop.round();
    expect(told.filter(each => each.startsWith('rejected key-2'))).toHaveLength(2);
    const { intentId } = lean.payouts.add({
      ...ours,
      externalReference: 'salary-b',
      createdAt: new Date(clock.ms + fromRejection).toISOString(),
    });
    clock.ms += delay + 30 * second;
    await loop.round();
    expect(told).toContain(`duplicates key-2 ${intentId}`);
    expect(told.filter(each => each.startsWith('doubted'))).toEqual(
      Array.from({ length: doubts }, () => `doubted key-2 ${intentId}`),
    );
  });

  it('a payout that an operator had ended as not paid is an alarm when it comes, and no doubt of the list', async () => {
    const { lean, clock, loop, told, records, decisions } = await losing('drop_before');
    clock.ms += delay + 30 * second;
    const { done } = await decisions.decide(keyOf('key-1'), {
      kind: 'not paid',
      intentId: null,
      by: 'ann',
      reason: 'Lean says so',
      position: null,
      despite: null,
    });
    expect(done).toBe(true);
    const { intentId } = lean.payouts.add({
      ...ours,
      createdAt: new Date(clock.ms - 400 * second).toISOString(),
    });
    clock.ms += delay + 30 * second;
    await loop.round();
    expect(await records.read(keyOf('key-1'))).toMatchObject({ duplicateIntents: [intentId] });
    expect(told.filter(each => each.startsWith('doubted'))).toEqual([]);
  });

  describe('a payout that is older than a send by the word of an operator is no doubt of the list', () => {
    const word = {
      intentId: null,
      by: 'ann',
      reason: 'Lean says so',
      position: null,
      despite: null,
    } as const;
    /** An operator allows one more send although the list is incomplete. */
    const allowWithoutProof = async ({ lean, clock, decisions }: Awaited<ReturnType<typeof losing>>) => {
      lean.behaviour.listTotal = 'missing';
      clock.ms += delay + 30 * second;
      const wanted = { ...word, kind: 'send again', despite: 'list_incomplete' } as const;
      expect(await decisions.decide(keyOf('key-1'), wanted)).toMatchObject({ done: true });
    };
    const doubts = (told: readonly string[]) => told.filter(each => each.startsWith('doubted'));

    it('where the list was no proof', async () => {
      const losers = await losing('drop_before');
      const { lean, clock, told, loop, create } = losers;
      await allowWithoutProof(losers);
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      lean.behaviour.listTotal = 'stated';
      const { intentId } = lean.payouts.add({
        ...ours,
        createdAt: new Date(clock.ms - 400 * second).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.round();
      expect(told).toContain(`duplicates key-1 ${intentId}`);
      expect(doubts(told)).toEqual([]);
    });

    it('and is one where Lean refused that send, and the payout was rejected by the list', async () => {
      const losers = await losing('drop_before');
      const { lean, clock, told, loop, create } = losers;
      await allowWithoutProof(losers);
      lean.behaviour.listTotal = 'stated';
      refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      clock.ms += delay + 30 * second;
      await loop.round();
      expect(await create('key-1')).toMatchObject({ kind: 'rejected' });
      const { intentId } = lean.payouts.add({
        ...ours,
        createdAt: new Date(clock.ms - 400 * second).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.round();
      expect(told).toContain(`duplicates key-1 ${intentId}`);
      expect(doubts(told)).toEqual([`doubted key-1 ${intentId}`]);
    });

    it('and is one where it is older than a send before that, which rested on the list', async () => {
      const losers = await losing('drop_before');
      const { lean, clock, told, loop, create } = losers;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      clock.ms += delay + 30 * second;
      const before = new Date(clock.ms - 400 * second).toISOString();
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      await allowWithoutProof(losers);
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      lean.behaviour.listTotal = 'stated';
      const { intentId } = lean.payouts.add({ ...ours, createdAt: before });
      clock.ms += delay + 30 * second;
      await loop.round();
      expect(doubts(told)).toEqual([`doubted key-1 ${intentId}`]);
    });

    it('where the operator had judged it to be another one, and takes it after all', async () => {
      const { lean, clock, told, loop, create, decisions } = await losing('drop_before');
      const { intentId } = lean.payouts.add({ ...ours, externalReference: null, description: 'INV 001' });
      clock.ms += delay + 30 * second;
      expect(await decisions.decide(keyOf('key-1'), { ...word, kind: 'send again' })).toMatchObject({
        done: true,
      });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      clock.ms += 30 * second;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      clock.ms += delay + 30 * second;
      const taken = { ...word, kind: 'created', intentId } as const;
      expect(await decisions.decide(keyOf('key-1'), taken)).toMatchObject({ done: true });
      clock.ms += delay + 30 * second;
      await loop.round();
      expect(doubts(told)).toEqual([]);
    });
  });

  describe('a batch of whose first transfer Lean has two payouts', () => {
    async function doubled(answered: boolean) {
      const losers = await losing('drop_before');
      const { lean, clock, loop, createAll } = losers;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      const wanted = ['salary-a', 'salary-b'].map(externalReference =>
        transfer(undefined, { externalReference }),
      );
      await createAll('key-2', wanted);
      const add = () => lean.payouts.add({ ...ours, externalReference: 'salary-a' }).intentId;
      const one = add();
      clock.ms += 10 * second;
      if (answered) await loop.round();
      const other = add();
      clock.ms += 30 * second;
      await loop.round();
      expect(losers.told).toContainEqual(expect.stringMatching(new RegExp(`^duplicates key-2 .*${other}`)));
      clock.ms += delay + 30 * second;
      await loop.round();
      const answers = async () =>
        (await losers.records.read(keyOf('key-2')))?.records.map(each => each.answer);
      return { ...losers, one, answers };
    }

    it('ends by itself where the first of them has answered the transfer', async () => {
      const { one, answers } = await doubled(true);
      expect(await answers()).toMatchObject([
        { kind: 'created', intentId: one },
        { kind: 'rejected', leanCode: null },
      ]);
    });

    it('is UNCLEAR, and ends by itself once an operator has said which of them it is', async () => {
      const { clock, loop, records, decisions, one, answers } = await doubled(false);
      expect(await answers()).toEqual([null, null]);
      expect(await records.read(keyOf('key-2'))).toMatchObject({ finding: 'several_at_lean' });
      const { done } = await decisions.decide(keyOf('key-2'), {
        kind: 'created',
        intentId: one,
        by: 'ann',
        reason: 'the statement says so',
        position: 0,
        despite: null,
      });
      expect(done).toBe(true);
      clock.ms += 3600 * second;
      await loop.round();
      expect(await answers()).toMatchObject([{ kind: 'created', intentId: one }, { kind: 'rejected' }]);
    });
  });

  describe('of a batch whose first transfer an operator has ended, the other one', () => {
    /** The second transfer is rejected by the list, and the first one by hand, an hour before or after that. */
    async function decidedByHand() {
      const losers = await losing('drop_before');
      const { lean, clock, told, loop, createAll, decisions } = losers;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      const wanted = ['salary-a', 'salary-b'].map(externalReference =>
        transfer(undefined, { externalReference }),
      );
      await createAll('key-2', wanted);
      const other = lean.payouts.add({ ...ours, externalReference: null, description: 'INV 001' });
      clock.ms += delay + 30 * second;
      const { done } = await decisions.decide(keyOf('key-2'), {
        kind: 'created',
        intentId: other.intentId,
        by: 'ann',
        reason: 'the statement says so',
        position: 0,
        despite: null,
      });
      expect(done).toBe(true);
      clock.ms += 30 * second;
      await loop.round();
      expect(told.filter(each => each.startsWith('rejected key-2'))).toHaveLength(1);
      return losers;
    }

    it('shows that the list had lacked it where it was there when it was rejected by the list', async () => {
      const { lean, clock, told, loop } = await decidedByHand();
      const { intentId } = lean.payouts.add({
        ...ours,
        externalReference: 'salary-b',
        createdAt: new Date(clock.ms - 400 * second).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.round();
      expect(told).toContain(`duplicates key-2 ${intentId}`);
      expect(told).toContain(`doubted key-2 ${intentId}`);
    });
  });

  describe('forgets', () => {
    it('what is settled and old, by the store’s clock, and never what is unknown', async () => {
      const { clock, loop, records, create, client } = await losing('drop_before', {
        loop: { retentionDays: 30 },
      });
      clock.ms += 3 * day;
      await create('key-2', transfer(destinations.staysPending));
      clock.ms += 29 * day;
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.round();
      await loop.round();
      expect(await records.read(keyOf('key-2'))).toBeDefined();
      clock.ms += 2 * day;
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.round();
      await loop.round();
      // It was sent long after the one whose outcome is unknown, so their intents cannot be mistaken.
      expect(await records.read(keyOf('key-2'))).toBeUndefined();
      expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'unknown' }] });
    });

    it('what is settled and old when nothing is unknown', async () => {
      const { clock, loop, records, client } = await losing('drop_after', { loop: { retentionDays: 30 } });
      clock.ms += 5 * second;
      await loop.round();
      clock.ms += 31 * day;
      // The audits come first.
      await loop.round();
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.round();
      await loop.round();
      expect(await records.read(keyOf('key-1'))).toBeUndefined();
    });

    it('nothing while the store’s clock and Lean’s differ, or the store’s has just jumped', async () => {
      const stopped = new LeanClock({ monotonic: () => 0, wall: () => 0 });
      stopped.observe(Date.now());
      const { clock, loop, records, reconciliation, client } = await losing('drop_after', {
        lean: { clock: stopped },
        loop: { retentionDays: 30, steadyNow: () => 0 },
      });
      clock.ms += 5 * second;
      await loop.round();
      // An audit would hear Lean's time.
      const settled = await records.read(keyOf('key-1'));
      if (settled === undefined) throw new Error('there is no record');
      await reconciliation.postpone(settled, { checks: 1, inMs: null });
      // Lean has last been heard 31 days ago, by a clock that has not jumped.
      clock.ms += 31 * day;
      await loop.round();
      await loop.round();
      expect(await records.read(keyOf('key-1'))).toBeDefined();
      await client.listPayouts({ page_number: '0', page_size: '1' });
      clock.ms += 3600 * second;
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.round();
      expect(await records.read(keyOf('key-1'))).toBeDefined();
    });
  });

  it('tells when clocks differ by minutes, once, and when they agree again', async () => {
    const trouble: boolean[] = [];
    let offset = 0;
    const clock = { ms: Date.now() };
    const lean = await startLean({ clock: () => clock.ms });
    const { loop } = creatingAt(lean.url, opened(await freshStore(kind), { clock: () => clock.ms }), {
      now: () => clock.ms + offset,
      loop: { onClockTrouble: differences => trouble.push(differences !== undefined) },
    });
    await loop.round();
    offset = 7_200_000;
    await loop.round();
    await loop.round();
    expect(loop.clockDifferences?.store).toBe(7_200_000);
    offset = 0;
    await loop.round();
    expect(trouble).toEqual([true, false]);
  });
});

it('trouble with the store is told when it begins and when it is over', async () => {
  const lean = await startLean();
  const told: boolean[] = [];
  const database = opened(await freshStore('SQLite'));
  const { records } = creatingAt(lean.url, database);
  const broken = new StoreUnavailable(new Error('the disk is full'));
  const recover = vi.spyOn(records, 'recover').mockRejectedValue(broken);
  const { loop } = creatingAt(lean.url, database, {
    records,
    loop: { everyMs: 1, onStoreTrouble: error => told.push(error === undefined) },
  });
  onTestFinished(() => loop.stop());
  loop.start();
  await vi.waitFor(() => expect(recover.mock.calls.length).toBeGreaterThan(3), { timeout: 60_000 });
  expect(told).toEqual([false]);
  recover.mockRestore();
  await vi.waitFor(() => expect(told).toEqual([false, true]), { timeout: 60_000 });
});
