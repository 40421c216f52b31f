import { LeanClock } from '../../../src/lean/lean-clock.ts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/errors/gateway-errors.ts';
import type { ReconciliationEvents } from '../../../src/payouts/creation/outcome-reconciler.ts';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import { gate, startLean, refuseNext } from '../../lean/fixtures.ts';
import { createCrashingCore } from '../../support/crashing-core.ts';
import { createTestCore, keyOf, transfer, type TestCoreOptions } from '../../support/test-core.ts';
import { freshStore, openEmptyStore, openTestStore, storeKinds } from '../../support/stores.ts';

const second = 1000;
const day = 86_400 * second;
const delay = 600 * second;

/** The payout of `key-1` at Lean. */
const ours = { amount: '16.5', destinationId: destinations.pays, externalReference: 'order-1' };

describe.each(storeKinds)('the reconciliation of unknown outcomes (%s)', storeKind => {
  /**
   * Starts a core in which the answer to `key-1` was lost. The core, the store and Lean use the clock of the test.
   * @param fault whether Lean has accepted `key-1` (`drop_after`) or not (`drop_before`)
   */
  async function startWithLostAnswer(fault: 'drop_before' | 'drop_after', options: TestCoreOptions = {}) {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const { store, database } = await openEmptyStore(storeKind, now);
    const events: string[] = [];
    const reconciliationEvents: Partial<ReconciliationEvents> = {
      settled: ({ idempotencyKey }, answer) =>
        events.push(`${answer.kind} ${idempotencyKey} ${answer.kind === 'created' ? answer.intentId : ''}`),
      open: ({ idempotencyKey }, finding, checks) =>
        events.push(`${idempotencyKey} ${finding} ${String(checks)}`),
      duplicates: ({ idempotencyKey }, intents) =>
        events.push(`duplicates ${idempotencyKey} ${intents.join()}`),
      absenceDoubted: ({ idempotencyKey }, intent) => events.push(`doubted ${idempotencyKey} ${intent}`),
    };
    const settings: TestCoreOptions = { now, reconciliationEvents, ...options };
    const gateway = createTestCore(lean.url, database, settings);
    lean.faults.add({ kind: fault, operation: 'createPayoutPayment', times: 1 });
    expect(await gateway.create('key-1')).toMatchObject({ kind: 'unknown' });
    lean.requests.length = 0;
    return { lean, store, database, clock, events, settings, ...gateway };
  }

  it('a payout that Lean has accepted is found and recorded', async () => {
    const { lean, clock, events, loop, records, create } = await startWithLostAnswer('drop_after');
    clock.ms += 5 * second;
    await loop.poll();
    const [payout] = lean.payouts.all();
    expect(events).toEqual([`created key-1 ${payout?.intentId ?? ''}`]);
    expect(await records.read(keyOf('key-1'))).toMatchObject({
      records: [{ state: 'created', intentId: payout?.intentId }],
      nextCheckAt: clock.ms + 600_000,
    });
    lean.requests.length = 0;
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: payout?.intentId });
    expect(lean.requests).toEqual([]);
  });

  it('an absent payout is never sent, and is searched for at growing intervals and at the end of the resend delay', async () => {
    const { lean, clock, events, loop } = await startWithLostAnswer('drop_before');
    const readTimes: number[] = [];
    for (let seconds = 0; seconds <= 700; seconds += 1) {
      await loop.poll();
      if (lean.requests.splice(0).length > 0) readTimes.push(seconds);
      clock.ms += second;
    }
    expect(readTimes.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 160]);
    expect(readTimes.at(-1)).toBeGreaterThanOrEqual(600);
    expect(events.at(-1)).toMatch(/^key-1 absent /);
    expect(lean.payouts.all()).toEqual([]);
  });

  it('an absent payout is searched for at least once an hour', async () => {
    const { lean, clock, loop } = await startWithLostAnswer('drop_before');
    for (let times = 0; times < 20; times += 1) {
      clock.ms += 3600 * second;
      await loop.poll();
    }
    expect(lean.requests.filter(({ operation }) => operation === 'listPayouts')).toHaveLength(40);
  });

  it('a search is repeated every five seconds while Lean cannot be read', async () => {
    const { lean, clock, loop, records } = await startWithLostAnswer('drop_after');
    lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
    for (let times = 0; times < 8; times += 1) {
      clock.ms += 5 * second;
      await loop.poll();
    }
    expect(lean.requests).toHaveLength(8);
    lean.faults.clear();
    clock.ms += 5 * second;
    await loop.poll();
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  it('only one of several gateways searches for a payout', async () => {
    const { lean, clock, store, database, settings, loop } = await startWithLostAnswer('drop_before');
    // SQLite allows only one process, so the other cores share the connection.
    const others = Array.from({ length: 4 }, () =>
      createTestCore(
        lean.url,
        'url' in store ? openTestStore(store, { clock: () => clock.ms }) : database,
        settings,
      ),
    );
    clock.ms += 5 * second;
    await Promise.all([loop.poll(), ...others.map(other => other.loop.poll())]);
    // An empty list is read twice to confirm it.
    expect(lean.requests).toHaveLength(2);
  });

  it('a payout that was in flight during a crash is found after the restart', async () => {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const store = await freshStore(storeKind);
    const crashed = createCrashingCore(lean.url, store, { now, open: { clock: now } });
    crashed.crashAt({ transactions: 3, when: 'before' });
    void crashed.create('key-1');
    await crashed.crashed;
    expect(lean.payouts.all()).toHaveLength(1);
    const restarted = createTestCore(lean.url, openTestStore(store, { clock: now }), { now });
    await restarted.loop.poll();
    expect(await restarted.records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'unknown' }] });
    clock.ms += 5 * second;
    await restarted.loop.poll();
    expect(await restarted.records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
    expect(lean.payouts.all()).toHaveLength(1);
  });

  it('the loop polls until it is stopped, and stop waits for a running poll', async () => {
    const { lean, clock, loop, records, client } = await startWithLostAnswer('drop_after', {
      loop: { intervalMs: 1 },
    });
    const received = gate();
    const release = gate();
    const listPayouts = client.listPayouts.bind(client);
    client.listPayouts = async (...args) => {
      received.open();
      await release.opened;
      return listPayouts(...args);
    };
    loop.start();
    clock.ms += 5 * second;
    await received.opened;
    const stopped = loop.stop();
    release.open();
    await stopped;
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
    expect(lean.requests.map(({ operation }) => operation)).toEqual([
      'listPayouts',
      'listPayouts',
      'getPayoutIntent',
    ]);
  });

  it('a refused payout becomes a rejection after the resend delay without another request', async () => {
    const { lean, clock, loop, records, create } = await startWithLostAnswer('drop_before');
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    await create('key-2', transfer(destinations.staysPending));
    clock.ms += delay + 30 * second;
    await loop.poll();
    expect(await records.read(keyOf('key-2'))).toMatchObject({
      records: [{ state: 'rejected', answer: { leanCode: 'INSUFFICIENT_BALANCE' } }],
    });
  });

  it('a refusal of one transfer of a batch is not the answer to the other transfers', async () => {
    const { clock, loop, records, createAll, database, lean } = await startWithLostAnswer('drop_before');
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
    await loop.poll();
    const answers = (await records.read(keyOf('batch')))?.records.map(({ answer }) => answer);
    expect(answers).toMatchObject([
      { kind: 'rejected', transferIndex: 0, rejectedIntentId: null },
      { kind: 'rejected', transferIndex: 1 },
    ]);
  });

  it('the search at the end of the resend delay happens even if a request has read Lean right before', async () => {
    const { lean, clock, loop, records, create } = await startWithLostAnswer('drop_before');
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    const wanted = transfer(destinations.staysPending);
    await create('key-2', wanted);
    const end = ((await records.read(keyOf('key-2')))?.sends.until ?? 0) + delay;
    while (clock.ms < end - second) {
      clock.ms = Math.min(clock.ms + 60 * second, end - second);
      await loop.poll();
    }
    await create('key-2', wanted);
    for (let seconds = 0; seconds < 15; seconds += 1) {
      clock.ms += second;
      await loop.poll();
    }
    expect(await records.read(keyOf('key-2'))).toMatchObject({ records: [{ state: 'rejected' }] });
  });

  it('a bug that affects one request does not stop the reconciliation of the others', async () => {
    const failures: string[] = [];
    const started = await startWithLostAnswer('drop_after', {
      loop: { onFailure: ({ idempotencyKey }) => failures.push(idempotencyKey) },
    });
    const { lean, clock, loop, records, create, reconciler } = started;
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    const reconcile = reconciler.reconcile.bind(reconciler);
    vi.spyOn(reconciler, 'reconcile').mockImplementation((request, ...rest) => {
      if (request.idempotencyKey === 'key-1') throw new TypeError('a bug');
      return reconcile(request, ...rest);
    });
    clock.ms += 5 * second;
    await loop.poll();
    expect(failures).toEqual(['key-1']);
    expect(await records.read(keyOf('key-2'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  describe('a poll with two due requests', () => {
    async function pollWith(status: number) {
      const { lean, clock, loop, create, events } = await startWithLostAnswer('drop_before');
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
      lean.faults.add({ kind: 'status', status, operation: 'listPayouts' });
      clock.ms += 5 * second;
      await loop.poll();
      return { events, loop };
    }

    it('a 503 of Lean postpones the second request to the next poll', async () => {
      const { events, loop } = await pollWith(503);
      expect(events).toEqual(['key-1 lean_unavailable 1']);
      await loop.poll();
      expect(events).toEqual(['key-1 lean_unavailable 1', 'key-2 lean_unavailable 1']);
    });

    it('a 400 of Lean, which concerns only one read, does not postpone the second request', async () => {
      const { events } = await pollWith(400);
      expect(events).toEqual(['key-1 lean_unavailable 1', 'key-2 lean_unavailable 1']);
    });
  });

  it('a request whose recorded times are far ahead because of a wrong clock is reconciled', async () => {
    const { lean, clock, loop, records, create } = await startWithLostAnswer('drop_before');
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    clock.ms += 91 * day;
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    lean.payouts.clear();
    clock.ms -= 91 * day;
    lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'order-2' });
    await loop.poll();
    expect(await records.read(keyOf('key-2'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  it('a request that was settled while a clock was far ahead is audited once', async () => {
    const { lean, clock, loop, create } = await startWithLostAnswer('drop_before');
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    clock.ms += 91 * day;
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    clock.ms -= 91 * day;
    await loop.poll();
    lean.requests.length = 0;
    for (let times = 0; times < 5; times += 1) await loop.poll();
    expect(lean.requests).toEqual([]);
  });

  it('requests of unknown outcome come before audits', async () => {
    const { lean, clock, loop, create, database } = await startWithLostAnswer('drop_before');
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
    const [first] = await createTestCore(lean.url, database, { now: () => clock.ms }).reconciliation.due(
      1,
      'test',
    );
    expect(first?.idempotencyKey).toBe('key-1');
    await loop.poll();
  });

  it('no absence is proven for a request whose recorded times are far ahead because of a wrong clock', async () => {
    const { lean, clock, loop, records, create } = await startWithLostAnswer('drop_before');
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    clock.ms += 91 * day;
    await create('key-2', transfer(undefined, { externalReference: 'order-2' }));
    clock.ms -= 91 * day;
    for (let times = 0; times < 3; times += 1) {
      await loop.poll();
      clock.ms += delay + 30 * second;
    }
    expect(await create('key-2', transfer(undefined, { externalReference: 'order-2' }))).toMatchObject({
      kind: 'unknown',
    });
    expect(await records.read(keyOf('key-2'))).toMatchObject({ finding: 'clocks_differ' });
  });

  describe('the audits of a settled request', () => {
    /** `key-1` was sent twice, and Lean has answered the second send. */
    async function startWithTwoSends() {
      const started = await startWithLostAnswer('drop_before');
      started.clock.ms += delay + 30 * second;
      expect(await started.create('key-1')).toMatchObject({ kind: 'created' });
      started.lean.requests.length = 0;
      started.events.length = 0;
      return started;
    }

    it('a request is audited one resend delay, an hour and a day after it was settled', async () => {
      const { lean, clock, loop } = await startWithTwoSends();
      const readTimes: number[] = [];
      for (let minutes = 0; minutes <= 2 * 24 * 60; minutes += 5) {
        await loop.poll();
        if (lean.requests.splice(0).some(({ operation }) => operation === 'listPayouts'))
          readTimes.push(minutes);
        clock.ms += 300 * second;
      }
      expect(readTimes).toEqual([10, 70, 10 + 24 * 60]);
    });

    it('a second payout at Lean is reported once with its intent', async () => {
      const { lean, clock, loop, events, operator } = await startWithTwoSends();
      const { intentId } = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
      });
      clock.ms += 3600 * second;
      await loop.poll();
      clock.ms += 3600 * second;
      await loop.poll();
      expect(events.filter(each => each.startsWith('duplicates'))).toEqual([`duplicates key-1 ${intentId}`]);
      expect(await operator.attention()).toMatchObject({ duplicates: 1 });
      expect(await operator.list({ unknownOnly: true, since: undefined, limit: 10 })).toMatchObject([
        { idempotencyKey: 'key-1', duplicateIntents: [intentId] },
      ]);
    });

    it('a payout that is older than the last send makes the list doubtful, so it proves no absence until an operator accepts it', async () => {
      const { lean, clock, loop, events, create, operator } = await startWithTwoSends();
      const { intentId } = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
        createdAt: new Date(clock.ms - delay).toISOString(),
      });
      clock.ms += delay;
      await loop.poll();
      expect(events).toContain(`doubted key-1 ${intentId}`);
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(destinations.staysPending));
      clock.ms += delay + 30 * second;
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({
        reason: 'OPERATOR',
      });
      expect(await operator.endDoubt('test', 'ann', 'Lean has fixed it')).toBe(true);
      clock.ms += 10 * second;
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({ kind: 'created' });
    });
  });

  it('a payout whose row is minutes older than Lean’s Date does not make the list doubtful', async () => {
    const { lean, clock, loop, events, create } = await startWithLostAnswer('drop_before');
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
      await loop.poll();
    }
    expect(events.filter(each => each.startsWith('doubted'))).toEqual([]);
  });

  it.each([
    ['was created before the rejection', 'makes', -400 * second, 1],
    ['was created after the rejection', 'does not make', 10 * second, 0],
  ])(
    'a payout of a rejected batch that %s %s the list doubtful',
    async (_what, _effect, fromRejection, doubts) => {
      const { lean, clock, loop, events, createAll } = await startWithLostAnswer('drop_before');
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await createAll(
        'key-2',
        ['salary-a', 'salary-b'].map(externalReference => transfer(undefined, { externalReference })),
      );

      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(events.filter(each => each.startsWith('rejected key-2'))).toHaveLength(2);
      const { intentId } = lean.payouts.add({
        ...ours,
        externalReference: 'salary-b',
        createdAt: new Date(clock.ms + fromRejection).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(events).toContain(`duplicates key-2 ${intentId}`);
      expect(events.filter(each => each.startsWith('doubted'))).toEqual(
        Array.from({ length: doubts }, () => `doubted key-2 ${intentId}`),
      );
    },
  );

  it('a payout that an operator has settled as not paid is reported later and does not make the list doubtful', async () => {
    const { lean, clock, loop, events, records, decisions } = await startWithLostAnswer('drop_before');
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
    await loop.poll();
    expect(await records.read(keyOf('key-1'))).toMatchObject({ duplicateIntents: [intentId] });
    expect(events.filter(each => each.startsWith('doubted'))).toEqual([]);
  });

  describe('a payout that is older than a send which an operator has allowed', () => {
    const decision = {
      intentId: null,
      by: 'ann',
      reason: 'Lean says so',
      position: null,
      despite: null,
    } as const;
    /** An operator allows one more send although the list is incomplete. */
    const allowWithoutProof = async ({
      lean,
      clock,
      decisions,
    }: Awaited<ReturnType<typeof startWithLostAnswer>>) => {
      lean.behaviour.listTotal = 'missing';
      clock.ms += delay + 30 * second;
      const wanted = { ...decision, kind: 'send again', despite: 'list_incomplete' } as const;
      expect(await decisions.decide(keyOf('key-1'), wanted)).toMatchObject({ done: true });
    };
    const doubtsIn = (events: readonly string[]) => events.filter(each => each.startsWith('doubted'));

    it('a payout does not make the list doubtful if the operator allowed the send without a proof', async () => {
      const started = await startWithLostAnswer('drop_before');
      const { lean, clock, events, loop, create } = started;
      await allowWithoutProof(started);
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      lean.behaviour.listTotal = 'stated';
      const { intentId } = lean.payouts.add({
        ...ours,
        createdAt: new Date(clock.ms - 400 * second).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(events).toContain(`duplicates key-1 ${intentId}`);
      expect(doubtsIn(events)).toEqual([]);
    });

    it('a payout makes the list doubtful if Lean refused the send that an operator allowed, and the list then led to a rejection', async () => {
      const started = await startWithLostAnswer('drop_before');
      const { lean, clock, events, loop, create } = started;
      await allowWithoutProof(started);
      lean.behaviour.listTotal = 'stated';
      refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(await create('key-1')).toMatchObject({ kind: 'rejected' });
      const { intentId } = lean.payouts.add({
        ...ours,
        createdAt: new Date(clock.ms - 400 * second).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(events).toContain(`duplicates key-1 ${intentId}`);
      expect(doubtsIn(events)).toEqual([`doubted key-1 ${intentId}`]);
    });

    it('a payout makes the list doubtful if it is also older than an earlier send that relied on the list', async () => {
      const started = await startWithLostAnswer('drop_before');
      const { lean, clock, events, loop, create } = started;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      clock.ms += delay + 30 * second;
      const createdAt = new Date(clock.ms - 400 * second).toISOString();
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      await allowWithoutProof(started);
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      lean.behaviour.listTotal = 'stated';
      const { intentId } = lean.payouts.add({ ...ours, createdAt });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(doubtsIn(events)).toEqual([`doubted key-1 ${intentId}`]);
    });

    it('a payout does not make the list doubtful if the operator had judged it to be another one', async () => {
      const { lean, clock, events, loop, create, decisions } = await startWithLostAnswer('drop_before');
      const { intentId } = lean.payouts.add({ ...ours, externalReference: null, description: 'INV 001' });
      clock.ms += delay + 30 * second;
      expect(await decisions.decide(keyOf('key-1'), { ...decision, kind: 'send again' })).toMatchObject({
        done: true,
      });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      clock.ms += 30 * second;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      clock.ms += delay + 30 * second;
      const taken = { ...decision, kind: 'created', intentId } as const;
      expect(await decisions.decide(keyOf('key-1'), taken)).toMatchObject({ done: true });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(doubtsIn(events)).toEqual([]);
    });
  });

  describe('a batch with two payouts of its first transfer', () => {
    /** @param answered whether the first payout is found before the second one exists */
    async function startWithTwoPayouts(answered: boolean) {
      const started = await startWithLostAnswer('drop_before');
      const { lean, clock, loop, createAll } = started;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      const wanted = ['salary-a', 'salary-b'].map(externalReference =>
        transfer(undefined, { externalReference }),
      );
      await createAll('key-2', wanted);
      const add = () => lean.payouts.add({ ...ours, externalReference: 'salary-a' }).intentId;
      const one = add();
      clock.ms += 10 * second;
      if (answered) await loop.poll();
      const other = add();
      clock.ms += 30 * second;
      await loop.poll();
      expect(started.events).toContainEqual(
        expect.stringMatching(new RegExp(`^duplicates key-2 .*${other}`)),
      );
      clock.ms += delay + 30 * second;
      await loop.poll();
      const answers = async () =>
        (await started.records.read(keyOf('key-2')))?.records.map(each => each.answer);
      return { ...started, one, answers };
    }

    it('the other transfer is rejected if the first payout has answered its transfer', async () => {
      const { one, answers } = await startWithTwoPayouts(true);
      expect(await answers()).toMatchObject([
        { kind: 'created', intentId: one },
        { kind: 'rejected', leanCode: null },
      ]);
    });

    it('the batch is open until an operator names the payout, and then the other transfer is rejected', async () => {
      const { clock, loop, records, decisions, one, answers } = await startWithTwoPayouts(false);
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
      await loop.poll();
      expect(await answers()).toMatchObject([{ kind: 'created', intentId: one }, { kind: 'rejected' }]);
    });
  });

  describe('a batch whose first transfer an operator has settled', () => {
    /** An operator settles the first transfer, and the list leads to the rejection of the second one. */
    async function startWithDecision() {
      const started = await startWithLostAnswer('drop_before');
      const { lean, clock, events, loop, createAll, decisions } = started;
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
      await loop.poll();
      expect(events.filter(each => each.startsWith('rejected key-2'))).toHaveLength(1);
      return started;
    }

    it('an older payout of the other, rejected transfer makes the list doubtful', async () => {
      const { lean, clock, events, loop } = await startWithDecision();
      const { intentId } = lean.payouts.add({
        ...ours,
        externalReference: 'salary-b',
        createdAt: new Date(clock.ms - 400 * second).toISOString(),
      });
      clock.ms += delay + 30 * second;
      await loop.poll();
      expect(events).toContain(`duplicates key-2 ${intentId}`);
      expect(events).toContain(`doubted key-2 ${intentId}`);
    });
  });

  describe('the purge of old requests', () => {
    it('a settled request is purged by its age on the store’s clock, and an unknown one never', async () => {
      const { clock, loop, records, create, client } = await startWithLostAnswer('drop_before', {
        loop: { retentionDays: 30 },
      });
      clock.ms += 3 * day;
      await create('key-2', transfer(destinations.staysPending));
      clock.ms += 29 * day;
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.poll();
      await loop.poll();
      expect(await records.read(keyOf('key-2'))).toBeDefined();
      clock.ms += 2 * day;
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.poll();
      await loop.poll();
      // It was sent long after the open request, so their intents cannot be confused.
      expect(await records.read(keyOf('key-2'))).toBeUndefined();
      expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'unknown' }] });
    });

    it('a settled request is purged if no request is open', async () => {
      const { clock, loop, records, client } = await startWithLostAnswer('drop_after', {
        loop: { retentionDays: 30 },
      });
      clock.ms += 5 * second;
      await loop.poll();
      clock.ms += 31 * day;
      // The first poll makes the audits.
      await loop.poll();
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.poll();
      await loop.poll();
      expect(await records.read(keyOf('key-1'))).toBeUndefined();
    });

    it('nothing is purged while the store’s clock differs from Lean’s or has just jumped', async () => {
      const stoppedClock = new LeanClock({ monotonic: () => 0, wall: () => 0 });
      stoppedClock.observe(Date.now());
      const { clock, loop, records, reconciliation, client } = await startWithLostAnswer('drop_after', {
        lean: { clock: stoppedClock },
        loop: { retentionDays: 30, monotonicNow: () => 0 },
      });
      clock.ms += 5 * second;
      await loop.poll();
      // An audit would read Lean's time, so none may be due.
      const settled = await records.read(keyOf('key-1'));
      if (settled === undefined) throw new Error('there is no record');
      await reconciliation.postpone(settled, { checks: 1, inMs: null });
      // The last answer of Lean is 31 days old, and the gateway's clock has not noticed this.
      clock.ms += 31 * day;
      await loop.poll();
      await loop.poll();
      expect(await records.read(keyOf('key-1'))).toBeDefined();
      await client.listPayouts({ page_number: '0', page_size: '1' });
      clock.ms += 3600 * second;
      await client.listPayouts({ page_number: '0', page_size: '1' });
      await loop.poll();
      expect(await records.read(keyOf('key-1'))).toBeDefined();
    });
  });

  it('a clock difference of minutes is reported once, and so is its end', async () => {
    const differences: boolean[] = [];
    let offset = 0;
    const clock = { ms: Date.now() };
    const lean = await startLean({ clock: () => clock.ms });
    const { database } = await openEmptyStore(storeKind, () => clock.ms);
    const { loop } = createTestCore(lean.url, database, {
      now: () => clock.ms + offset,
      loop: { onClockDifference: measured => differences.push(measured !== undefined) },
    });
    await loop.poll();
    offset = 7_200_000;
    await loop.poll();
    await loop.poll();
    expect(loop.clockDifferences?.store).toBe(7_200_000);
    offset = 0;
    await loop.poll();
    expect(differences).toEqual([true, false]);
  });
});

it('the loop goes on after the store was unavailable', async () => {
  const lean = await startLean();
  const database = openTestStore(await freshStore('SQLite'));
  const { records } = createTestCore(lean.url, database);
  const unavailable = new StoreUnavailable(new Error('the disk is full'));
  const recover = vi.spyOn(records, 'recover').mockRejectedValue(unavailable);
  const { loop } = createTestCore(lean.url, database, {
    records,
    loop: { intervalMs: 1 },
  });
  onTestFinished(() => loop.stop());
  loop.start();
  await vi.waitFor(() => expect(recover.mock.calls.length).toBeGreaterThan(3), { timeout: 60_000 });
  recover.mockClear().mockResolvedValue();
  await vi.waitFor(() => expect(recover.mock.calls.length).toBeGreaterThan(1), { timeout: 60_000 });
});
