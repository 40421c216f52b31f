import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/payouts/errors.ts';
import type { ResolutionEvents } from '../../src/payouts/unknown-outcomes.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { gate, startLean } from '../lean/wiring.ts';
import { crashingCore } from '../support/crashing-core.ts';
import { creatingAt, keyOf, transfer, type CreatingOptions } from '../support/creating.ts';
import { freshStore, opened, stores } from '../support/stores.ts';

const second = 1000;
const day = 86_400 * second;

describe.each(stores)('looking for unknown outcomes (%s)', kind => {
  /** A gateway whose clock is the test's, in front of a Lean that has lost its answer to `key-1`. */
  async function losing(fault: 'drop_before' | 'drop_after', options: CreatingOptions = {}) {
    const lean = await startLean();
    const store = await freshStore(kind);
    const clock = { ms: Date.now() };
    const told: string[] = [];
    const events: Partial<ResolutionEvents> = {
      found: ({ idempotencyKey }, intentId) => told.push(`found ${idempotencyKey} ${intentId}`),
      still: ({ idempotencyKey }, rest, checks) => told.push(`${idempotencyKey} ${rest} ${String(checks)}`),
    };
    const settings = { now: () => clock.ms, ...options, outcomes: { events, ...options.outcomes } };
    const database = opened(store);
    const gateway = creatingAt(lean.url, database, settings);
    lean.faults.add({ kind: fault, operation: 'createPayoutPayment', times: 1 });
    expect(await gateway.create('key-1')).toMatchObject({ kind: 'unknown' });
    lean.requests.length = 0;
    return { lean, store, database, clock, told, settings, ...gateway };
  }

  it('finds one that Lean has taken, and records it', async () => {
    const { lean, clock, told, outcomes, records, create } = await losing('drop_after');
    clock.ms += 5 * second;
    await outcomes.round();
    const [payout] = lean.payouts.all();
    expect(told).toEqual([`found key-1 ${payout?.intentId ?? ''}`]);
    expect(await records.read(keyOf('key-1'))).toMatchObject({
      records: [{ state: 'created', intentId: payout?.intentId }],
      nextCheckAt: null,
    });
    lean.requests.length = 0;
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: payout?.intentId });
    expect(lean.requests).toEqual([]);
  });

  it('never sends what Lean does not have, and looks ever more seldom', async () => {
    const { lean, clock, told, outcomes } = await losing('drop_before');
    const looks: number[] = [];
    for (let seconds = 0; seconds <= 200; seconds += 1) {
      await outcomes.round();
      if (lean.requests.splice(0).length > 0) looks.push(seconds);
      clock.ms += second;
    }
    expect(looks).toEqual([5, 10, 20, 40, 80, 160]);
    expect(told.at(-1)).toBe('key-1 absent 6');
    expect(lean.payouts.all()).toEqual([]);
  });

  it('looks at least once an hour', async () => {
    const { lean, clock, outcomes } = await losing('drop_before');
    for (let times = 0; times < 20; times += 1) {
      clock.ms += 3600 * second;
      await outcomes.round();
    }
    expect(lean.requests).toHaveLength(20);
  });

  it('looks again soon when Lean could not be asked, however often', async () => {
    const { lean, clock, outcomes, records } = await losing('drop_after');
    lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
    for (let times = 0; times < 8; times += 1) {
      clock.ms += 5 * second;
      await outcomes.round();
    }
    expect(lean.requests).toHaveLength(8);
    lean.faults.clear();
    clock.ms += 5 * second;
    await outcomes.round();
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
  });

  it('is done by one gateway of several', async () => {
    const { lean, clock, store, database, settings, outcomes } = await losing('drop_before');
    // A folder has one gateway; there the others are of the same process.
    const others = Array.from({ length: 4 }, () =>
      creatingAt(lean.url, 'url' in store ? opened(store) : database, settings),
    );
    clock.ms += 5 * second;
    await Promise.all([outcomes.round(), ...others.map(other => other.outcomes.round())]);
    expect(lean.requests).toHaveLength(1);
  });

  it('begins with what a crash has left behind', async () => {
    const lean = await startLean();
    const store = await freshStore(kind);
    const crashing = crashingCore(lean.url, store);
    crashing.dieAt({ transactions: 3, when: 'before' });
    void crashing.create('key-1');
    await crashing.dying;
    expect(lean.payouts.all()).toHaveLength(1);
    const clock = { ms: Date.now() };
    const restarted = creatingAt(lean.url, opened(store), { now: () => clock.ms });
    await restarted.outcomes.round();
    expect(await restarted.records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'unknown' }] });
    clock.ms += 5 * second;
    await restarted.outcomes.round();
    expect(await restarted.records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
    expect(lean.payouts.all()).toHaveLength(1);
  });

  it('goes on by itself until it is stopped, and stopping waits for a look under way', async () => {
    const { lean, clock, outcomes, records, client } = await losing('drop_after', {
      outcomes: { everyMs: 1 },
    });
    const asked = gate();
    const answer = gate();
    const listPayouts = client.listPayouts.bind(client);
    client.listPayouts = async (...args) => {
      asked.open();
      await answer.opened;
      return listPayouts(...args);
    };
    outcomes.start();
    clock.ms += 5 * second;
    await asked.opened;
    const stopped = outcomes.stop();
    answer.open();
    await stopped;
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'created' }] });
    expect(lean.requests.map(({ operation }) => operation)).toEqual(['listPayouts', 'getPayoutIntent']);
  });

  it('forgets what is settled and old, and never what is unknown', async () => {
    const { clock, outcomes, records, create } = await losing('drop_before', {
      outcomes: { retentionDays: 30 },
    });
    await create('key-2', transfer(destinations.staysPending));
    clock.ms += 29 * day;
    await outcomes.round();
    expect(await records.read(keyOf('key-2'))).toBeDefined();
    clock.ms += 2 * day;
    await outcomes.round();
    expect(await records.read(keyOf('key-2'))).toBeUndefined();
    expect(await records.read(keyOf('key-1'))).toMatchObject({ records: [{ state: 'unknown' }] });
  });
});

it('trouble with the store is told when it begins and when it is over', async () => {
  const lean = await startLean();
  const told: boolean[] = [];
  const database = opened(await freshStore('SQLite'));
  const { records } = creatingAt(lean.url, database);
  const broken = new StoreUnavailable(new Error('the disk is full'));
  const recover = vi.spyOn(records, 'recover').mockRejectedValue(broken);
  const { outcomes } = creatingAt(lean.url, database, {
    records,
    outcomes: { everyMs: 1, events: { storeTrouble: error => told.push(error === undefined) } },
  });
  onTestFinished(() => outcomes.stop());
  outcomes.start();
  await vi.waitFor(() => expect(recover.mock.calls.length).toBeGreaterThan(3), { timeout: 60_000 });
  expect(told).toEqual([false]);
  recover.mockRestore();
  await vi.waitFor(() => expect(told).toEqual([false, true]), { timeout: 60_000 });
});
