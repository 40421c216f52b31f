import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/payouts/creation/operator-records.ts';
import { keyOf, transfer } from '../support/test-core.ts';
import { storeKinds } from '../support/stores.ts';
import { created, hour, startStore, rejected, response, minute } from './store-fixture.ts';

const notPaid: Decision = {
  decision: 'not paid',
  intentId: null,
  by: 'Noor',
  reason: 'Lean’s support says so (ticket 4711)',
  evidence: { finding: 'absent', candidates: [] },
};
const isCreated: Decision = { ...notPaid, decision: 'created', intentId: 'i' };
const sendAgain: Decision = { ...notPaid, decision: 'send again' };

describe.each(storeKinds)('operator records (%s)', kind => {
  async function start() {
    const recorded = await startStore(kind);
    /** The recorded decisions, oldest first. */
    const decisions = async () => {
      const [rows = []] = await recorded.database.run({
        sql: 'SELECT * FROM lean_payout_decisions ORDER BY decided_at',
      });
      return rows;
    };
    return { ...recorded, decisions };
  }

  it('an operator’s decision settles a transfer and is kept with its reason and evidence', async () => {
    const { clock, operator, createUnknown, read, decisions } = await start();
    const request = await createUnknown(keyOf('key-1', 'billing'));
    clock.ms += hour;
    expect(await operator.settle(request, 0, created('i'), isCreated)).toBe(true);
    expect((await read(keyOf('key-1', 'billing'))).records).toMatchObject([
      { state: 'created', intentId: 'i', answer: created('i') },
    ]);
    expect(await decisions()).toEqual([
      {
        decided_at: clock.ms,
        caller: 'billing',
        idempotency_key: 'key-1',
        decision: 'created',
        intent_id: 'i',
        decided_by: 'Noor',
        reason: 'Lean’s support says so (ticket 4711)',
        evidence: '{"finding":"absent","candidates":[]}',
      },
    ]);
  });

  it('an operator’s decision settles a single transfer of a batch', async () => {
    const { operator, createUnknown, states, decisions } = await start();
    const request = await createUnknown(undefined, [transfer(), transfer()]);
    expect(await operator.settle(request, 1, { ...rejected, transferIndex: 1 }, notPaid)).toBe(true);
    expect(await states()).toEqual(['unknown', 'rejected']);
    expect(await decisions()).toHaveLength(1);
  });

  it('an operator’s decision is neither made nor kept if the request has been leased meanwhile', async () => {
    const { operator, createUnknown, passDelay, leaseAgain, states, decisions } = await start();
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    expect(await operator.settle(request, 0, rejected, notPaid)).toBe(false);
    expect(await operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain)).toBe(false);
    expect(await states()).toEqual(['reserved']);
    expect(await decisions()).toEqual([]);
  });

  it('an operator’s decision is neither made nor kept if the request has been sent again meanwhile', async () => {
    const { records, operator, createUnknown, passDelay, leaseAgain, noteSending, states, decisions } =
      await start();
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    expect(await operator.settle(request, 0, rejected, notPaid)).toBe(false);
    expect(await operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain)).toBe(false);
    expect(await states()).toEqual(['unknown']);
    expect(await decisions()).toEqual([]);
  });

  it('an operator’s decision is neither made nor kept if another record has the intent', async () => {
    const { operator, createSettled, createUnknown, states, decisions } = await start();
    await createSettled('i', keyOf('other'));
    expect(await operator.settle(await createUnknown(), 0, created('i'), isCreated)).toBe(false);
    expect(await states()).toEqual(['unknown']);
    expect(await decisions()).toEqual([]);
  });

  it('only one of two concurrent equal decisions is made and kept', async () => {
    const { operator, createUnknown, decisions } = await start();
    const request = await createUnknown();
    const done = await Promise.all([
      operator.settle(request, 0, rejected, notPaid),
      operator.settle(request, 0, rejected, notPaid),
    ]);
    expect(done.toSorted()).toEqual([false, true]);
    expect(await decisions()).toHaveLength(1);
  });

  it('only one of two concurrent different decisions is made and kept', async () => {
    const { operator, createUnknown, states, decisions } = await start();
    const request = await createUnknown();
    const done = await Promise.all([
      operator.settle(request, 0, created('i'), isCreated),
      operator.settle(request, 0, rejected, notPaid),
    ]);
    expect(done.toSorted()).toEqual([false, true]);
    expect(await decisions()).toMatchObject([{ decision: done[0] ? 'created' : 'not paid' }]);
    expect(await states()).toEqual([done[0] ? 'created' : 'rejected']);
  });

  it('only one of two concurrent send permissions is given and kept', async () => {
    const { operator, createUnknown, decisions } = await start();
    const request = await createUnknown();
    const done = await Promise.all([
      operator.grantSend(request, { finding: 'look_alike', payouts: ['a'] }, sendAgain),
      operator.grantSend(request, { finding: 'look_alike', payouts: ['a'] }, sendAgain),
    ]);
    expect(done.toSorted()).toEqual([false, true]);
    expect(await decisions()).toHaveLength(1);
  });

  it('only one of a concurrent send permission and settlement is made and kept', async () => {
    const { operator, createUnknown, read, decisions } = await start();
    const request = await createUnknown();
    const [allowed, settled] = await Promise.all([
      operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain),
      operator.settle(request, 0, rejected, notPaid),
    ]);
    expect([allowed, settled].toSorted()).toEqual([false, true]);
    expect(await decisions()).toMatchObject([{ decision: allowed ? 'send again' : 'not paid' }]);
    expect(await read()).toMatchObject({
      records: [{ state: allowed ? 'unknown' : 'rejected' }],
      sends: { grant: allowed ? { finding: 'absent', payouts: [] } : null },
    });
  });

  it('a send permission is neither given nor kept once the request is settled', async () => {
    const { reconciliation, operator, createUnknown, read, decisions } = await start();
    const request = await createUnknown();
    await reconciliation.recordFound(request, 0, created('i'));
    expect(await operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain)).toBe(false);
    expect((await read()).sends.grant).toBeNull();
    expect(await decisions()).toEqual([]);
  });

  it('a send permission is kept with the intents that the operator has judged', async () => {
    const { operator, createUnknown, read, decisions } = await start();
    const grant = { finding: 'look_alike', payouts: ['a', 'b'] } as const;
    expect(await operator.grantSend(await createUnknown(), grant, sendAgain)).toBe(true);
    expect((await read()).sends.grant).toEqual(grant);
    expect(await decisions()).toMatchObject([{ decision: 'send again', intent_id: null }]);
  });

  it('a request that an operator settled as not paid is audited one resend delay later', async () => {
    const { clock, operator, createUnknown, rule, read } = await start();
    await operator.settle(await createUnknown(), 0, rejected, notPaid);
    expect((await read()).nextCheckAt).toBe(clock.ms + rule.delayMs);
  });

  it('a decision to accept proofs of absence again is kept', async () => {
    const { reconciliation, operator, decisions } = await start();
    await reconciliation.doubtAbsence('test', 'an-intent', 'why');
    expect(await operator.endDoubt('test', 'Noor', 'Lean has fixed its list')).toBe(true);
    expect(await decisions()).toMatchObject([
      {
        decision: 'judge absences again',
        decided_by: 'Noor',
        reason: 'Lean has fixed its list',
        evidence: '{"application":"test"}',
      },
    ]);
  });

  it('ending a doubt that does not exist changes nothing and is not kept', async () => {
    const { operator, decisions } = await start();
    expect(await operator.endDoubt('test', 'Noor', 'why')).toBe(false);
    expect(await decisions()).toEqual([]);
  });

  it('the list of requests is newest first, starts at a time, and has a limit', async () => {
    const { clock, operator, createUnknown } = await start();
    for (const key of ['first', 'second', 'third']) {
      await createUnknown(keyOf(key));
      clock.ms += 1000;
    }
    const list = async (since: number | undefined, limit: number) =>
      (await operator.list({ unknownOnly: false, since, limit })).map(({ idempotencyKey }) => idempotencyKey);
    expect(await list(undefined, 5)).toEqual(['third', 'second', 'first']);
    expect(await list(undefined, 2)).toEqual(['third', 'second']);
    expect(await list(clock.ms - 2000, 5)).toEqual(['third', 'second']);
  });

  it('the list of open requests contains requests of unknown outcome and requests with duplicate intents', async () => {
    const { reconciliation, operator, createUnknown, createSettled } = await start();
    await createSettled('i', keyOf('settled'));
    await createSettled('j', keyOf('paid twice'));
    await reconciliation.noteDuplicates(keyOf('paid twice'), ['k']);
    await createUnknown(keyOf('unknown'));
    const open = await operator.list({ unknownOnly: true, since: undefined, limit: 5 });
    expect(open.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(['paid twice', 'unknown']);
  });

  it('open requests are counted by reason, separately from duplicate intents and doubts about absence', async () => {
    const { clock, records, reconciliation, operator, createUnknown, createSettled, createSent } =
      await start();
    await createSent(keyOf('in flight'));
    await records.settle(await createSent(keyOf('rejected')), response, [rejected]);
    await createUnknown(keyOf('never looked for'));
    for (const [key, finding] of [
      ['waiting', 'absent'],
      ['unclear', 'look_alike'],
      ['unclear too', 'several_at_lean'],
      ['operator', 'needs_decision'],
    ] as const)
      await reconciliation.noteFinding(await createUnknown(keyOf(key)), finding);
    await createSettled('i', keyOf('paid twice'));
    await reconciliation.noteDuplicates(keyOf('paid twice'), ['j']);
    await reconciliation.doubtAbsence('test', 'an-intent', 'why');
    clock.ms += minute;
    expect(await operator.attention()).toEqual({
      // The finding `absent` became `absence_doubted`, whose reason is OPERATOR.
      open: { WAITING: 1, UNCLEAR: 2, OPERATOR: 2 },
      oldestSeconds: { WAITING: 60, UNCLEAR: 60, OPERATOR: 60 },
      duplicates: 1,
      doubts: 1,
    });
  });

  it('the store returns its own time', async () => {
    const { clock, operator } = await start();
    clock.ms += 12_345;
    expect(await operator.now()).toBe(clock.ms);
  });
});
