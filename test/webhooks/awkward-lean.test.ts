import { expect, it, onTestFinished, vi } from 'vitest';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import { instantAt } from '../../src/payouts/values/lean-time.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { eventFromLean } from '../../src/webhooks/event-from-lean.ts';
import { FollowedPayouts } from '../../src/webhooks/followed-payouts.ts';
import { clientTo, startLean } from '../lean/wiring.ts';
import { editHistory, editRows, startEditedLean } from '../support/edited-lean.ts';
import { freshStore, opened } from '../support/stores.ts';
import { comparisonAt, tellerAt } from '../support/updates.ts';

/*
 * The last update is the state that Lean has, and each payout is told of, also where Lean's answers are late, poor or
 * broken.
 */

const minutes = 60_000;

/** Tells of a Lean's payouts by comparing, without webhooks. */
async function comparing(options: SandboxOptions = {}) {
  const time = { ms: Date.UTC(2026, 2, 1, 12) };
  const sandbox = await startLean({ clock: () => time.ms, ...options });
  const lean = await startEditedLean(sandbox.url);
  // Leaves Lean alone for no time after failures, so that each payout is asked for.
  const read = new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs: 0 });
  const client = clientTo(lean.url, { lanes: { read, write: read } });
  const events = new SqlPayoutEvents(opened(await freshStore('SQLite')));
  const teller = tellerAt(client, events);
  const done: Instant[] = [];
  vi.spyOn(events, 'comparisonDone').mockImplementation(upTo => {
    done.push(upTo);
    return Promise.resolve();
  });
  const comparison = comparisonAt(client, events, teller);
  onTestFinished(async () => {
    await Promise.all([teller.stop(), comparison.stop()]);
  });
  const start = instantAt(time.ms);
  await events.since(start);
  time.ms += 1000;
  const compare = async (): Promise<void> => {
    time.ms += 3 * minutes;
    await comparison.compare(done.at(-1) ?? start, instantAt(time.ms));
  };
  /** Tells of what Lean's own list of events has. */
  const hear = async (): Promise<void> => {
    const list = await client.listEvents({ page: '0', size: '100', from: start });
    await events.receive((list?.data ?? []).map(eventFromLean).filter(event => event !== undefined));
    teller.wake();
  };
  const told = async () =>
    (await events.toldAfter(0, 1000)).updates.map(({ leanStatus, postInitiationStatus }) =>
      `${leanStatus} ${postInitiationStatus ?? ''}`.trim(),
    );
  return { time, sandbox, lean, client, events, teller, compare, done, hear, told };
}

it.each([
  ['v2', 'FAILED', 'AWAITING_AUTHORIZATION'],
  ['v2', 'HELD_FOR_REVIEW', 'AWAITING_AUTHORIZATION'],
  ['ksa', 'FAILED', 'HELD_FOR_REVIEW'],
] as const)(
  'a payout without a payment is told of when it goes back (%s, from %s to %s)',
  async (profile, from, to) => {
    const { sandbox, compare, told } = await comparing({ profile });
    const { intentId } = sandbox.payouts.add({ status: from, paymentId: null });
    await compare();
    sandbox.payouts.change(intentId, { status: to, payment: false });
    await compare();
    await compare();
    expect(await told()).toEqual([from, to]);
  },
);

it.each(['PROCESSED', 'REJECTED'] as const)(
  'a list without the tracking takes no %s back, also where the history lacks the end of it',
  async postInitiationStatus => {
    const { sandbox, lean, compare, told } = await comparing();
    const { intentId } = sandbox.payouts.add({ status: 'ACCEPTED_BY_BANK' });
    await compare();
    sandbox.payouts.change(intentId, { postInitiationStatus });
    await compare();
    const steps = ['ACCEPTED_BY_BANK', `ACCEPTED_BY_BANK ${postInitiationStatus}`];
    expect(await told()).toEqual(steps);
    const rows = editRows(all => all.map(row => ({ ...row, post_initiation_status: null })));
    const history = editHistory(all => all.filter(event => event.post_initiation_status === null));
    lean.edit = (answer, path) => rows(history(answer, path), path);
    await compare();
    await compare();
    expect(await told()).toEqual(steps);
    lean.edit = answer => answer;
    await compare();
    expect(await told()).toEqual(steps);
  },
);

it('a payout that cannot be read keeps no other one from being told, and is retried', async () => {
  const { time, sandbox, lean, compare, done, told } = await comparing();
  sandbox.payouts.add({ status: 'AWAITING_AUTHORIZATION' });
  time.ms += 1000;
  const bad = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path =>
    [bad.intentId, bad.paymentId].some(id => path.includes(`/${String(id)}/history`)) ? 500 : undefined;
  // Also where the gateways were down for hours before.
  time.ms += 180 * minutes;
  for (let times = 0; times < 3; times += 1)
    await expect(compare()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  expect(await told()).toEqual(['AWAITING_AUTHORIZATION']);
  expect(new Set(done), 'the next comparison begins where this one did').toEqual(
    new Set(['2026-03-01T12:00:00.000Z']),
  );
  lean.refuse = () => undefined;
  await compare();
  expect(await told()).toEqual(['AWAITING_AUTHORIZATION', 'PENDING_WITH_BANK']);
  expect(done.at(-1)).toBe(instantAt(time.ms));
});

it('a payout that cannot be read for an hour is no longer waited for', async () => {
  const { time, sandbox, lean, compare, done } = await comparing();
  const bad = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path =>
    [bad.intentId, bad.paymentId].some(id => path.includes(`/${String(id)}/history`)) ? 500 : undefined;
  await expect(compare()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  time.ms += 60 * minutes;
  await expect(compare()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  expect(done.at(-1)).toBe(instantAt(time.ms));
});

it('ten payouts in a row that cannot be read end a comparison, since Lean itself cannot be read then', async () => {
  const { sandbox, lean, compare, done } = await comparing();
  for (let index = 0; index < 12; index += 1) sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  const asked = new Set<string>();
  lean.refuse = path => {
    if (!path.includes('/history')) return undefined;
    asked.add(path);
    return 500;
  };
  await expect(compare()).rejects.toMatchObject({ code: 'LEAN_UNAVAILABLE' });
  expect(asked.size).toBe(10);
  expect(done).toEqual([]);
});

it('a row without the id of its intent keeps no other one from being told', async () => {
  const { sandbox, lean, client, teller, compare, told } = await comparing();
  sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.edit = editRows(rows => [{ ...rows[0], payment_intent_id: undefined }, null, ...rows]);
  await expect(compare()).rejects.toMatchObject({ code: 'LEAN_BAD_RESPONSE' });
  expect(await told()).toEqual(['PENDING_WITH_BANK']);
  const { intentId } = sandbox.payouts.add({ status: 'CREATED', paymentId: null });
  const followed = new FollowedPayouts({ client, teller, everyMs: 5 });
  onTestFinished(() => followed.stop());
  followed.follow([intentId]);
  await expect.poll(told).toEqual(['PENDING_WITH_BANK', 'CREATED']);
});

it('a failed authorisation is told once, although Lean’s list and history say FAILED', async () => {
  const { sandbox, lean, compare, hear, told } = await comparing();
  sandbox.payouts.add({ status: 'AUTHORISATION_FAILED' });
  const failed = <Wire extends object>(wire: Wire) => ({ ...wire, status: 'FAILED' });
  const rows = editRows(all => all.map(failed));
  const history = editHistory(all => all.map(failed));
  lean.edit = (answer, path) => rows(history(answer, path), path);
  await hear();
  await expect.poll(told).toHaveLength(1);
  await compare();
  await hear();
  await compare();
  expect(await told()).toHaveLength(1);
});
