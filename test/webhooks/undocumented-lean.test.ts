import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { instantAt, type Instant } from '../../src/payouts/values/instant.ts';
import { updateRetentionMs } from '../../src/payouts/payout-update.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { eventFromLean } from '../../src/webhooks/event-from-lean.ts';
import { clientTo, startLean } from '../lean/fixtures.ts';
import { editHistory, editRows, startLeanProxy, type ResponseEdit } from '../support/lean-proxy.ts';
import { freshStore, openTestStore } from '../support/stores.ts';
import { createBackfill, createEventProcessor, updateStore } from '../support/updates.ts';

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
  const store = updateStore(openTestStore(await freshStore('SQLite'), { clock: () => time.ms }));
  const { events, leases } = store;
  const processor = createEventProcessor(client, store, { clock: () => time.ms });
  const completed: Instant[] = [];
  vi.spyOn(leases, 'completeBackfill').mockImplementation(upTo => {
    completed.push(upTo);
    return Promise.resolve();
  });
  const clock = (): number => time.ms;
  const backfill = createBackfill(client, store, processor, { clocks: { wall: clock, monotonic: clock } });
  const processed = [vi.spyOn(events, 'complete'), vi.spyOn(events, 'postpone')];
  onTestFinished(async () => {
    await Promise.all([processor.stop(), backfill.stop()]);
  });
  const start = instantAt(time.ms);
  await leases.recordStart(start);
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
  /** Processes the due events, the event of a webhook among them. */
  const processEvent = async (eventId: string): Promise<void> => {
    for (const spy of processed) spy.mockClear();
    processor.wake();
    await expect
      .poll(() => processed.flatMap(({ mock }) => mock.calls).flatMap(([ids]) => ids))
      .toContain(eventId);
  };
  /** Receives a webhook for a payment, and processes it. It only says that the payment may have changed. */
  const receiveWebhook = async (paymentId: string | null, eventId: string): Promise<void> => {
    await events.receive([
      {
        eventId,
        type: 'PAYMENT_UPDATED',
        paymentId: paymentId ?? '',
        intentId: null,
        leanStatus: null,
        postInitiationStatus: undefined,
        publishedAt: instantAt(time.ms),
      },
    ]);
    await processEvent(eventId);
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
    backfill,
    runBackfill,
    completed,
    receiveEvents,
    receiveWebhook,
    processEvent,
    publishedStates,
  };
}

/** An edit of the response of the call for one payment. */
function editPayment(paymentId: string | null, change: object): ResponseEdit {
  return (body, path) =>
    path === `/payouts/v1/${String(paymentId)}` ? { ...(body as object), ...change } : body;
}

it.each([
  ['v2', 'FAILED', 'AWAITING_AUTHORIZATION'],
  ['v2', 'HELD_FOR_REVIEW', 'AWAITING_AUTHORIZATION'],
  ['ksa', 'FAILED', 'HELD_FOR_REVIEW'],
] as const)(
  'a step back without a history is published once Lean has shown it for ten minutes (%s, from %s to %s)',
  async (profile, from, to) => {
    const { time, sandbox, runBackfill, completed, publishedStates } = await startBackfill({ profile });
    const { intentId } = sandbox.payouts.add({ status: from, paymentId: null });
    await runBackfill();
    const progress = instantAt(time.ms);
    sandbox.payouts.change(intentId, { status: to, payment: false });
    for (let times = 0; times < 3; times += 1) await runBackfill();
    expect(await publishedStates()).toEqual([from]);
    expect(completed.at(-1)).toBe(progress);
    await runBackfill();
    await runBackfill();
    expect(await publishedStates()).toEqual([from, to]);
    expect(completed.at(-1)).toBe(instantAt(time.ms));
  },
);

it('a step back that the history shows is published at once', async () => {
  const { sandbox, runBackfill, publishedStates } = await startBackfill();
  const { intentId } = sandbox.payouts.add({ status: 'FAILED' });
  await runBackfill();
  sandbox.payouts.change(intentId, { status: 'PENDING_WITH_BANK' });
  await runBackfill();
  expect(await publishedStates()).toEqual(['FAILED', 'PENDING_WITH_BANK']);
});

it('a step back that only a payment’s call shows is published once Lean has shown it for ten minutes', async () => {
  const { time, sandbox, lean, receiveWebhook, processEvent, publishedStates } = await startBackfill();
  const { paymentId } = sandbox.payouts.add({
    status: 'ACCEPTED_BY_BANK',
    postInitiationStatus: 'PROCESSED',
  });
  await receiveWebhook(paymentId, 'first');
  lean.edit = editPayment(paymentId, { post_initiation_status: null });
  await receiveWebhook(paymentId, 'second');
  expect(await publishedStates()).toEqual(['ACCEPTED_BY_BANK PROCESSED']);
  time.ms += 10 * minuteMs;
  await processEvent('second');
  expect(await publishedStates()).toEqual(['ACCEPTED_BY_BANK PROCESSED', 'ACCEPTED_BY_BANK']);
});

describe('no step back that never happened is published', () => {
  const states = ['PENDING_WITH_BANK', 'FAILED'];

  it.each(['a webhook', 'a backfill'])(
    'if Lean shows an old state for less than ten minutes, long after the last update (read by %s)',
    async cause => {
      const { time, sandbox, lean, runBackfill, receiveWebhook, publishedStates } = await startBackfill();
      lean.refuse = path => (path.startsWith('/events') ? 404 : undefined);
      const { intentId, paymentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
      await runBackfill();
      sandbox.payouts.change(intentId, { status: 'FAILED' });
      await runBackfill();
      const old = { status: 'PENDING_WITH_BANK' };
      const edits = [
        editHistory(events => events.slice(-1)),
        editPayment(paymentId, old),
        editRows(rows => rows.map((row: object) => ({ ...row, ...old }))),
      ];
      let reads = 0;
      const read = async (): Promise<void> => {
        reads += 1;
        sandbox.payouts.change(intentId, { bankTransactionReference: String(reads) });
        await (cause === 'a backfill' ? runBackfill() : receiveWebhook(paymentId, String(reads)));
      };
      for (const pauseMinutes of [60, 60, 9]) {
        time.ms += pauseMinutes * minuteMs;
        lean.edit = (body, path) => edits.reduce<unknown>((edited, edit) => edit(edited, path), body);
        await read();
        time.ms += 9 * minuteMs;
        lean.edit = body => body as unknown;
        await read();
      }
      expect(await publishedStates()).toEqual(states);
    },
  );

  it('if the list and the history are behind the payment’s call', async () => {
    const { time, sandbox, lean, runBackfill, receiveWebhook, completed, publishedStates } =
      await startBackfill();
    const { intentId, paymentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    await runBackfill();
    lean.edit = editPayment(paymentId, { status: 'FAILED' });
    await receiveWebhook(paymentId, 'event-1');
    expect(await publishedStates()).toEqual(states);
    // Another one of Lean's servers answers.
    lean.edit = body => body as unknown;
    for (let times = 0; times < 3; times += 1) await runBackfill();
    expect(await publishedStates()).toEqual(states);
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await runBackfill();
    await runBackfill();
    expect(await publishedStates()).toEqual(states);
    expect(completed.at(-1)).toBe(instantAt(time.ms));
  });

  it('if the payment’s call and the history are behind the list', async () => {
    const { sandbox, lean, runBackfill, receiveWebhook, publishedStates } = await startBackfill();
    const { intentId, paymentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    await runBackfill();
    lean.edit = editRows(rows => rows.map((row: object) => ({ ...row, status: 'FAILED' })));
    await runBackfill();
    expect(await publishedStates()).toEqual(states);
    await receiveWebhook(paymentId, 'event-2');
    expect(await publishedStates()).toEqual(states);
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await receiveWebhook(paymentId, 'event-3');
    await runBackfill();
    expect(await publishedStates()).toEqual(states);
  });

  it('if the payment’s call and the list are behind the history', async () => {
    const { time, sandbox, lean, runBackfill, receiveWebhook, publishedStates } = await startBackfill();
    const { intentId, paymentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    await runBackfill();
    const failed = { event: 'payment.updated', status: 'FAILED', published_at: instantAt(time.ms) };
    lean.edit = editHistory(events => [{ ...failed, post_initiation_status: null }, ...events]);
    await receiveWebhook(paymentId, 'event-4');
    expect(await publishedStates()).toEqual(states);
    await runBackfill();
    expect(await publishedStates()).toEqual(states);
    lean.edit = body => body as unknown;
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await runBackfill();
    await receiveWebhook(paymentId, 'event-5');
    expect(await publishedStates()).toEqual(states);
  });
});

it('a state is not published again after its update has been deleted', async () => {
  const { time, sandbox, events, runBackfill, receiveWebhook, publishedStates } = await startBackfill();
  const paid = sandbox.payouts.add({ status: 'ACCEPTED_BY_BANK', postInitiationStatus: 'PROCESSED' });
  const returned = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  const newest = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  await runBackfill();
  for (const status of ['FAILED', 'PENDING_WITH_BANK'] as const) {
    sandbox.payouts.change(returned.intentId, { status });
    await runBackfill();
  }
  expect(await publishedStates()).toHaveLength(5);
  time.ms += 91 * 24 * 60 * minuteMs;
  sandbox.payouts.change(newest.intentId, { status: 'FAILED' });
  await runBackfill();
  await events.purge(updateRetentionMs);
  expect(await publishedStates()).toEqual(['FAILED']);
  for (const { intentId } of [paid, returned])
    sandbox.payouts.change(intentId, { bankTransactionReference: 'new' });
  await runBackfill();
  for (const { paymentId, intentId } of [paid, returned]) await receiveWebhook(paymentId, intentId);
  expect(await publishedStates()).toEqual(['FAILED']);
});

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

it('the retries do not end early after a wrong time in Lean’s responses', async () => {
  const { time, sandbox, lean, backfill, runBackfill, completed } = await startBackfill();
  const unreadable = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path => (path.includes(`/${String(unreadable.paymentId)}`) ? 500 : undefined);
  const wrong = instantAt(time.ms - 120 * minuteMs);
  await expect(backfill.backfill(wrong, wrong)).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  await expect(runBackfill()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  expect(completed.at(-1)).toBe(completed[0]);
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
  // The circuit may still be open, and then refuses some of the calls.
  await vi.waitFor(runBackfill);
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
