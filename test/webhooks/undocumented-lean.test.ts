import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { instantAt, type Instant } from '../../src/payouts/values/instant.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { eventFromLean } from '../../src/webhooks/event-from-lean.ts';
import { clientTo, startLean } from '../lean/fixtures.ts';
import { editHistory, editRows, startLeanProxy } from '../support/lean-proxy.ts';
import { freshStore, openTestStore } from '../support/stores.ts';
import { createBackfill, createEventProcessor } from '../support/updates.ts';

/*
 * The last update of every payout equals Lean's state, even if Lean's responses are late, incomplete or broken.
 */

const minuteMs = 60_000;

/** A backfill of a sandbox whose responses the test may change. No webhooks are sent. */
async function startBackfill(options: SandboxOptions = {}) {
  const time = { ms: Date.UTC(2026, 2, 1, 12) };
  const sandbox = await startLean({ clock: () => time.ms, ...options });
  const lean = await startLeanProxy(sandbox.url);
  // Opens no circuit after failures, so that each payout is read.
  const read = new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs: 0 });
  const client = clientTo(lean.url, { bulkheads: { read, write: read } });
  const events = new SqlPayoutEvents(openTestStore(await freshStore('SQLite')), 'test');
  const processor = createEventProcessor(client, events);
  const completed: Instant[] = [];
  vi.spyOn(events, 'completeBackfill').mockImplementation(upTo => {
    completed.push(upTo);
    return Promise.resolve();
  });
  const backfill = createBackfill(client, events, processor);
  onTestFinished(async () => {
    await Promise.all([processor.stop(), backfill.stop()]);
  });
  const start = instantAt(time.ms);
  await events.recordStart(start);
  time.ms += 1000;
  /** Runs a backfill three minutes after the last one. */
  const runBackfill = async (): Promise<void> => {
    time.ms += 3 * minuteMs;
    await backfill.backfill(completed.at(-1) ?? start, instantAt(time.ms));
  };
  /** Receives the events of Lean's own list. */
  const receiveEvents = async (): Promise<void> => {
    const list = await client.listEvents({ page: '0', size: '100', from: start });
    await events.receive((list?.data ?? []).map(eventFromLean).filter(event => event !== undefined));
    processor.wake();
  };
  const publishedStates = async () =>
    (await events.publishedAfter(0, 1000)).updates.map(({ leanStatus, postInitiationStatus }) =>
      `${leanStatus} ${postInitiationStatus ?? ''}`.trim(),
    );
  return {
    time,
    sandbox,
    lean,
    client,
    events,
    processor,
    runBackfill,
    completed,
    receiveEvents,
    publishedStates,
  };
}

it.each([
  ['v2', 'FAILED', 'AWAITING_AUTHORIZATION'],
  ['v2', 'HELD_FOR_REVIEW', 'AWAITING_AUTHORIZATION'],
  ['ksa', 'FAILED', 'HELD_FOR_REVIEW'],
] as const)(
  'a payout without a payment is published when it returns to an earlier state (%s, from %s to %s)',
  async (profile, from, to) => {
    const { sandbox, runBackfill, publishedStates } = await startBackfill({ profile });
    const { intentId } = sandbox.payouts.add({ status: from, paymentId: null });
    await runBackfill();
    sandbox.payouts.change(intentId, { status: to, payment: false });
    await runBackfill();
    await runBackfill();
    expect(await publishedStates()).toEqual([from, to]);
  },
);

it.each(['PROCESSED', 'REJECTED'] as const)(
  'a list and a history without the end of the tracking do not undo %s',
  async postInitiationStatus => {
    const { sandbox, lean, runBackfill, publishedStates } = await startBackfill();
    const { intentId } = sandbox.payouts.add({ status: 'ACCEPTED_BY_BANK' });
    await runBackfill();
    sandbox.payouts.change(intentId, { postInitiationStatus });
    await runBackfill();
    const states = ['ACCEPTED_BY_BANK', `ACCEPTED_BY_BANK ${postInitiationStatus}`];
    expect(await publishedStates()).toEqual(states);
    const rows = editRows(all => all.map(row => ({ ...row, post_initiation_status: null })));
    const history = editHistory(all => all.filter(event => event.post_initiation_status === null));
    lean.edit = (answer, path) => rows(history(answer, path), path);
    await runBackfill();
    await runBackfill();
    expect(await publishedStates()).toEqual(states);
    lean.edit = answer => answer;
    await runBackfill();
    expect(await publishedStates()).toEqual(states);
  },
);

it('a payout that cannot be read is retried, and does not block others', async () => {
  const { time, sandbox, lean, runBackfill, completed, publishedStates } = await startBackfill();
  sandbox.payouts.add({ status: 'AWAITING_AUTHORIZATION' });
  time.ms += 1000;
  const unreadable = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path =>
    [unreadable.intentId, unreadable.paymentId].some(id => path.includes(`/${String(id)}/history`))
      ? 500
      : undefined;
  // The gateways may have been down for hours before.
  time.ms += 180 * minuteMs;
  for (let times = 0; times < 3; times += 1)
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  expect(await publishedStates()).toEqual(['AWAITING_AUTHORIZATION']);
  expect(new Set(completed), 'the next backfill starts where this one started').toEqual(
    new Set(['2026-03-01T12:00:00.000Z']),
  );
  lean.refuse = () => undefined;
  await runBackfill();
  expect(await publishedStates()).toEqual(['AWAITING_AUTHORIZATION', 'PENDING_WITH_BANK']);
  expect(completed.at(-1)).toBe(instantAt(time.ms));
});

it('a payout that cannot be read is retried for an hour', async () => {
  const { time, sandbox, lean, runBackfill, completed } = await startBackfill();
  const unreadable = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path =>
    [unreadable.intentId, unreadable.paymentId].some(id => path.includes(`/${String(id)}/history`))
      ? 500
      : undefined;
  await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  time.ms += 60 * minuteMs;
  await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  expect(completed.at(-1)).toBe(instantAt(time.ms));
});

describe('a backfill of payouts that Lean cannot read', () => {
  /** A Lean whose list starts with payouts that are pending, and that lists no events. */
  async function startPending(payouts: number) {
    const started = await startBackfill();
    const { sandbox, lean, time } = started;
    const pending = Array.from({ length: payouts }, () =>
      sandbox.payouts.add({ status: 'PENDING_WITH_BANK' }),
    );
    time.ms += 1000;
    for (let index = 0; index < 3; index += 1) sandbox.payouts.add({ status: 'FAILED', paymentId: null });
    const order = new Map(pending.map(({ intentId }, index) => [intentId, index - payouts]));
    lean.edit = editRows(rows =>
      rows.toSorted(
        (a, b) =>
          (order.get(String(a['payment_intent_id'])) ?? 0) - (order.get(String(b['payment_intent_id'])) ?? 0),
      ),
    );
    const read: number[] = [];
    /** Refuses the histories of the pending payouts. */
    const refuseHistories = (status: number): void => {
      lean.refuse = path => {
        if (path.startsWith('/events')) return 404;
        const index = pending.findIndex(({ intentId, paymentId }) =>
          [intentId, paymentId].some(id => path.includes(`/${String(id)}/history`)),
        );
        if (index < 0) return undefined;
        read.push(index);
        return status;
      };
    };
    return {
      ...started,
      refuseHistories,
      /** Which of the pending payouts were read since the last call. */
      readPending: () => [...new Set(read.splice(0))],
    };
  }

  it('reaches the others with the next one if it has stopped after three in a row', async () => {
    const { time, refuseHistories, readPending, runBackfill, completed, publishedStates } =
      await startPending(3);
    refuseHistories(500);
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    expect(readPending()).toEqual([0, 1, 2]);
    expect(await publishedStates()).toEqual([]);
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    expect(readPending()).toEqual([0, 1, 2]);
    expect(await publishedStates()).toEqual(['FAILED', 'FAILED', 'FAILED']);
    expect(new Set(completed)).toEqual(new Set(['2026-03-01T12:00:00.000Z']));
    // The retries of the unreadable payouts end after an hour.
    time.ms += 60 * minuteMs;
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    expect(completed.at(-1)).toBe(instantAt(time.ms));
  });

  it('tries three in a row at most, also of those that failed before, and all of them in turn', async () => {
    const { refuseHistories, readPending, runBackfill } = await startPending(5);
    refuseHistories(500);
    const reads: (readonly number[])[] = [];
    for (let times = 0; times < 4; times += 1) {
      await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
      reads.push(readPending());
    }
    expect(reads).toEqual([
      [0, 1, 2],
      // The payouts that can be read come between 4 and 0.
      [3, 4, 0, 1, 2],
      [3, 4, 0],
      [1, 2, 3],
    ]);
  });

  it('no longer waits for one that a webhook has published meanwhile', async () => {
    const { time, lean, refuseHistories, runBackfill, receiveEvents, completed, publishedStates } =
      await startPending(1);
    refuseHistories(500);
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    lean.refuse = () => undefined;
    await receiveEvents();
    await expect.poll(publishedStates).toContain('PENDING_WITH_BANK');
    await runBackfill();
    expect(completed.at(-1)).toBe(instantAt(time.ms));
  });

  it('ends when Lean asks for fewer requests', async () => {
    const { refuseHistories, readPending, runBackfill, completed } = await startPending(5);
    refuseHistories(429);
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_RATE_LIMITED' });
    expect(readPending()).toEqual([0]);
    expect(new Set(completed)).toEqual(new Set(['2026-03-01T12:00:00.000Z']));
  });
});

it('no payout is skipped if single payouts cannot be read for hours', async () => {
  const { time, sandbox, lean, runBackfill, publishedStates } = await startBackfill();
  for (let index = 0; index < 15; index += 1) sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path => (path.includes('/history') ? 500 : undefined);
  for (let round = 0; round < 4; round += 1) {
    await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    time.ms += 20 * minuteMs;
  }
  lean.refuse = () => undefined;
  await runBackfill();
  expect(await publishedStates()).toHaveLength(15);
});

it('a row without an intent id does not block other rows', async () => {
  const { sandbox, lean, runBackfill, publishedStates } = await startBackfill();
  sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.edit = editRows(rows => [{ ...rows[0], payment_intent_id: undefined }, null, ...rows]);
  await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_BAD_RESPONSE' });
  expect(await publishedStates()).toEqual(['PENDING_WITH_BANK']);
});

it('a failed authorisation is published once, although Lean’s list and history say FAILED', async () => {
  const { sandbox, lean, runBackfill, receiveEvents, publishedStates } = await startBackfill();
  sandbox.payouts.add({ status: 'AUTHORISATION_FAILED' });
  const failed = <Wire extends object>(wire: Wire) => ({ ...wire, status: 'FAILED' });
  const rows = editRows(all => all.map(failed));
  const history = editHistory(all => all.map(failed));
  lean.edit = (answer, path) => rows(history(answer, path), path);
  await receiveEvents();
  await expect.poll(publishedStates).toHaveLength(1);
  await runBackfill();
  await receiveEvents();
  await runBackfill();
  expect(await publishedStates()).toHaveLength(1);
});
