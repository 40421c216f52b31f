import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/payouts/creation/operator-records.ts';
import { keyOf, transfer } from '../support/creating.ts';
import { stores } from '../support/stores.ts';
import { created, hour, recording, rejected, response, minute } from './recording.ts';

const notPaid: Decision = {
  decision: 'not paid',
  intentId: null,
  by: 'Noor',
  reason: 'Lean’s support says so (ticket 4711)',
  evidence: { finding: 'absent', candidates: [] },
};
const isCreated: Decision = { ...notPaid, decision: 'created', intentId: 'i' };
const sendAgain: Decision = { ...notPaid, decision: 'send again' };

describe.each(stores)('operator records (%s)', kind => {
  async function start() {
    const recorded = await recording(kind);
    /** The trail, oldest first. */
    const decisions = async () => {
      const [rows = []] = await recorded.database.run({
        sql: 'SELECT * FROM lean_payout_decisions ORDER BY decided_at',
      });
      return rows;
    };
    return { ...recorded, decisions };
  }

  it('an operator’s decision settles a transfer and is kept with its reason and what was known', async () => {
    const { clock, operator, unknown, read, decisions } = await start();
    const request = await unknown(keyOf('key-1', 'billing'));
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

  it('an operator’s decision settles one transfer of a batch', async () => {
    const { operator, unknown, states, decisions } = await start();
    const request = await unknown(undefined, [transfer(), transfer()]);
    expect(await operator.settle(request, 1, { ...rejected, transferIndex: 1 }, notPaid)).toBe(true);
    expect(await states()).toEqual(['unknown', 'rejected']);
    expect(await decisions()).toHaveLength(1);
  });

  it('an operator’s decision is refused, and not kept, when the request has been leased meanwhile', async () => {
    const { operator, unknown, passDelay, leaseAgain, states, decisions } = await start();
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    expect(await operator.settle(request, 0, rejected, notPaid)).toBe(false);
    expect(await operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain)).toBe(false);
    expect(await states()).toEqual(['reserved']);
    expect(await decisions()).toEqual([]);
  });

  it('an operator’s decision is refused, and not kept, when the request has been sent again meanwhile', async () => {
    const { records, operator, unknown, passDelay, leaseAgain, noteSending, states, decisions } =
      await start();
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    expect(await operator.settle(request, 0, rejected, notPaid)).toBe(false);
    expect(await operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain)).toBe(false);
    expect(await states()).toEqual(['unknown']);
    expect(await decisions()).toEqual([]);
  });

  it('an operator’s decision is refused, and not kept, when another record has the intent', async () => {
    const { operator, settled, unknown, states, decisions } = await start();
    await settled('i', keyOf('other'));
    expect(await operator.settle(await unknown(), 0, created('i'), isCreated)).toBe(false);
    expect(await states()).toEqual(['unknown']);
    expect(await decisions()).toEqual([]);
  });

  it('of two decisions at once one is done and kept, also where both are the same', async () => {
    const { operator, unknown, decisions } = await start();
    const request = await unknown();
    const done = await Promise.all([
      operator.settle(request, 0, rejected, notPaid),
      operator.settle(request, 0, rejected, notPaid),
    ]);
    expect(done.toSorted()).toEqual([false, true]);
    expect(await decisions()).toHaveLength(1);
  });

  it('of two different decisions at once one is done and kept', async () => {
    const { operator, unknown, states, decisions } = await start();
    const request = await unknown();
    const done = await Promise.all([
      operator.settle(request, 0, created('i'), isCreated),
      operator.settle(request, 0, rejected, notPaid),
    ]);
    expect(done.toSorted()).toEqual([false, true]);
    const word = done[0] ? 'created' : 'not paid';
    expect(await decisions()).toMatchObject([{ decision: word }]);
    expect(await states()).toEqual([done[0] ? 'created' : 'rejected']);
  });

  it('of two allowed sends at once one is done and kept', async () => {
    const { operator, unknown, decisions } = await start();
    const request = await unknown();
    const done = await Promise.all([
      operator.grantSend(request, { finding: 'look_alike', payouts: ['a'] }, sendAgain),
      operator.grantSend(request, { finding: 'look_alike', payouts: ['a'] }, sendAgain),
    ]);
    expect(done.toSorted()).toEqual([false, true]);
    expect(await decisions()).toHaveLength(1);
  });

  it('of an allowed send and a settlement at once one is done and kept', async () => {
    const { operator, unknown, read, decisions } = await start();
    const request = await unknown();
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

  it('a send is not allowed, and that is not kept, once the request is settled', async () => {
    const { reconciliation, operator, unknown, read, decisions } = await start();
    const request = await unknown();
    await reconciliation.found(request, 0, created('i'));
    expect(await operator.grantSend(request, { finding: 'absent', payouts: [] }, sendAgain)).toBe(false);
    expect((await read()).sends.grant).toBeNull();
    expect(await decisions()).toEqual([]);
  });

  it('a send that is allowed is kept with the intents that the operator has judged', async () => {
    const { operator, unknown, read, decisions } = await start();
    const grant = { finding: 'look_alike', payouts: ['a', 'b'] } as const;
    expect(await operator.grantSend(await unknown(), grant, sendAgain)).toBe(true);
    expect((await read()).sends.grant).toEqual(grant);
    expect(await decisions()).toMatchObject([{ decision: 'send again', intent_id: null }]);
  });

  it('a request that an operator has settled as not paid is looked at again one delay later', async () => {
    const { clock, operator, unknown, rule, read } = await start();
    await operator.settle(await unknown(), 0, rejected, notPaid);
    expect((await read()).nextCheckAt).toBe(clock.ms + rule.delayMs);
  });

  it('an end of the doubt about absences is kept', async () => {
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

  it('an end of a doubt that there was not changes nothing and is not kept', async () => {
    const { operator, decisions } = await start();
    expect(await operator.endDoubt('test', 'Noor', 'why')).toBe(false);
    expect(await decisions()).toEqual([]);
  });

  it('requests are listed with the newest first, from a time on, and as many as are wanted', async () => {
    const { clock, operator, unknown } = await start();
    for (const key of ['first', 'second', 'third']) {
      await unknown(keyOf(key));
      clock.ms += 1000;
    }
    const list = async (since: number | undefined, limit: number) =>
      (await operator.list({ unknownOnly: false, since, limit })).map(({ idempotencyKey }) => idempotencyKey);
    expect(await list(undefined, 5)).toEqual(['third', 'second', 'first']);
    expect(await list(undefined, 2)).toEqual(['third', 'second']);
    expect(await list(clock.ms - 2000, 5)).toEqual(['third', 'second']);
  });

  it('the list of open requests has those of unknown outcome and those with duplicate intents', async () => {
    const { reconciliation, operator, unknown, settled } = await start();
    await settled('i', keyOf('settled'));
    await settled('j', keyOf('paid twice'));
    await reconciliation.noteDuplicates(keyOf('paid twice'), ['k']);
    await unknown(keyOf('unknown'));
    const open = await operator.list({ unknownOnly: true, since: undefined, limit: 5 });
    expect(open.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(['paid twice', 'unknown']);
  });

  it('open requests are counted by why they are open, duplicate intents and doubts about absences apart', async () => {
    const { clock, records, reconciliation, operator, unknown, settled, sent } = await start();
    await sent(keyOf('in flight'));
    await records.settle(await sent(keyOf('rejected')), response, [rejected]);
    await unknown(keyOf('never looked for'));
    for (const [key, finding] of [
      ['waiting', 'absent'],
      ['unclear', 'look_alike'],
      ['unclear too', 'several_at_lean'],
      ['operator', 'needs_decision'],
    ] as const)
      await reconciliation.noteFinding(await unknown(keyOf(key)), finding);
    await settled('i', keyOf('paid twice'));
    await reconciliation.noteDuplicates(keyOf('paid twice'), ['j']);
    await reconciliation.doubtAbsence('test', 'an-intent', 'why');
    clock.ms += minute;
    expect(await operator.attention()).toEqual({
      // What was absent until now is doubted with the list.
      open: { WAITING: 1, UNCLEAR: 2, OPERATOR: 2 },
      oldestSeconds: { WAITING: 60, UNCLEAR: 60, OPERATOR: 60 },
      duplicates: 1,
      doubts: 1,
    });
  });

  it('the store’s time is told', async () => {
    const { clock, operator } = await start();
    clock.ms += 12_345;
    expect(await operator.now()).toBe(clock.ms);
  });
});
