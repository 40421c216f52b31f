import { describe, expect, it } from 'vitest';
import { payoutsCommand, type PayoutsTools } from '../../src/commands/payouts.ts';
import { UsageError } from '../../src/errors/usage-error.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { failureOf, gate, startLean, refuseNext } from '../lean/wiring.ts';
import { newRequest } from '../store/recording.ts';
import { creatingAt, keyOf, transfer, transfers, type CreatingOptions } from '../support/creating.ts';
import { freshStore, opened, stores } from '../support/stores.ts';

/** Longer than the resend delay, the deadline of a send, and Lean's whole seconds together. */
const delayMs = 600_000 + 25_000;

const because = ['--by', 'Noor', '--reason', 'asked Lean (ticket 4711)'];
const anIntent = 'c0000000-0000-4000-8000-00000000abcd';

/** A payout at Lean that may be the one that was sent, and cannot be told from it. */
const like = { amount: '16.5', destinationId: destinations.pays, description: 'INV 001' };

describe.each(stores)('payouts settle (%s)', kind => {
  async function start(options: CreatingOptions = {}) {
    const clock = { ms: Date.now(), leanMs: 0 };
    const now = () => clock.ms;
    const lean = await startLean({ clock: () => clock.ms + clock.leanMs });
    const database = opened(await freshStore(kind), { clock: now });
    const core = creatingAt(lean.url, database, { now, ...options });
    await core.client.listPayouts({ page_number: '0', page_size: '1' });
    const { records, operator } = core;
    const tools: PayoutsTools = {
      records: () => Promise.resolve({ records, operator, where: 'memory', close: () => Promise.resolve() }),
      core: () => Promise.resolve({ ...core, application: 'test', close: () => Promise.resolve() }),
    };
    /** A payout whose first send was lost on the way. */
    const lost = async (key = 'key-1', wanted = [transfer()]) => {
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await core.createAll(key, wanted);
      lean.requests.length = 0;
    };
    const decisions = async () => {
      const [rows = []] = await database.run({ sql: 'SELECT * FROM lean_payout_decisions' });
      return rows.map(row => ({ ...row, evidence: JSON.parse(String(row['evidence'])) as unknown }));
    };
    return {
      ...core,
      lean,
      clock,
      database,
      lost,
      decisions,
      command: (...args: string[]) => payoutsCommand(args, tools),
      settle: (...args: string[]) => payoutsCommand(['settle', 'key-1', ...args, ...because], tools),
      posts: () => lean.requests.filter(({ operation }) => operation === 'createPayoutPayment').length,
      states: async () =>
        (await records.read(keyOf('key-1')))?.records.map(({ state, intentId }) => [state, intentId]),
    };
  }

  it('says that there is no record of a key, and of a key of another caller', async () => {
    const { clock, lost, settle } = await start();
    expect(await settle('--not-paid')).toEqual({
      text: '\nThere is no record of the key "key-1" without a caller (--caller names one).\n',
      exitCode: 1,
    });
    await lost();
    clock.ms += delayMs;
    expect(await settle('--not-paid', '--caller', 'billing')).toMatchObject({ exitCode: 1 });
  });

  it('is refused for a payout that is settled', async () => {
    const { lean, create, settle, decisions } = await start();
    await create('key-1');
    lean.requests.length = 0;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('It is settled already. Nothing was changed.');
    expect(exitCode).toBe(1);
    expect(lean.requests).toEqual([]);
    expect(await decisions()).toEqual([]);
  });

  it('is refused while a gateway is sending the payout', async () => {
    const { lean, records, settle, states } = await start();
    await records.reserve(newRequest());
    lean.requests.length = 0;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('A gateway is sending it right now. Nothing was changed.');
    expect(exitCode).toBe(1);
    expect(lean.requests).toEqual([]);
    expect(await states()).toEqual([['reserved', null]]);
  });

  it.each([['--not-paid'], ['--send-again'], ['--created', anIntent]])(
    'is refused before the resend delay has passed by the store’s clock, and says when that is (%s)',
    async (...what) => {
      const { lean, clock, lost, records, settle, decisions } = await start();
      await lost();
      const { sends } = (await records.read(keyOf('key-1'))) ?? {};
      const end = (sends?.until ?? 0) + 600_000;
      clock.ms = end - 1;
      const { text, exitCode } = await settle(...what);
      expect(text).toContain(
        `The resend delay has not passed: decide after ${new Date(end).toISOString()}. Nothing was changed.`,
      );
      expect(exitCode).toBe(1);
      expect(lean.requests).toEqual([]);
      expect(await decisions()).toEqual([]);
    },
  );

  it.each([['--not-paid'], ['--send-again']])(
    'is refused before the resend delay has passed by Lean’s clock (%s)',
    async what => {
      const { clock, lost, settle, states, decisions } = await start();
      await lost();
      clock.ms += delayMs;
      clock.leanMs -= 60_000;
      const { text, exitCode } = await settle(what);
      expect(text).toContain('The resend delay has not passed by both clocks yet');
      expect(exitCode).toBe(1);
      expect(await states()).toEqual([['unknown', null]]);
      expect(await decisions()).toEqual([]);
    },
  );

  it('waits for the default delay where the gateway relies on Lean’s memory of keys', async () => {
    const { clock, lost, settle } = await start({ resendAfter: 0 });
    await lost();
    clock.ms += 60_000;
    expect((await settle('--not-paid')).text).toContain('The resend delay has not passed');
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
  });

  it('is refused when Lean cannot be asked', async () => {
    const { lean, clock, lost, settle, states } = await start();
    await lost();
    clock.ms += delayMs;
    lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('Lean could not be asked (Lean refused the request.). Nothing was changed.');
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('is refused for a payout that was sent for another Lean application', async () => {
    const { clock, lost, database, settle, states } = await start();
    await lost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'another'" });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--send-again');
    expect(text).toContain(
      'It was sent for the Lean application another: decide with the credentials of that one, or see accept-application.',
    );
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('has nothing to decide when the look at Lean finds the payout', async () => {
    const { lean, clock, create, settle, states, decisions } = await start();
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-1');
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain("Lean's list has settled it as created.");
    expect(exitCode, 'the decision was another one').toBe(1);
    expect(await states()).toEqual([['created', lean.payouts.all()[0]?.intentId]]);
    expect(await decisions()).toEqual([]);
  });

  it('has nothing to decide when the look at Lean frees a key that Lean had turned away', async () => {
    const { lean, clock, create, records, settle, decisions } = await start();
    refuseNext(lean, 429, 'SLOW_DOWN');
    await failureOf(create('key-1'));
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('Lean had turned it away, and is proven not to have it: the key is free again');
    expect(exitCode, 'the key is sent when it comes again').toBe(1);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    expect(await decisions()).toEqual([]);
  });

  it('shows the payouts at Lean that may be the one, without names and account numbers', async () => {
    const { lean, clock, lost, settle } = await start();
    await lost();
    const { intentId } = lean.payouts.add({ ...like });
    clock.ms += delayMs;
    const { text } = await settle('--created', anIntent);
    expect(text).toMatch(new RegExp(`^  ${intentId}  16.5 AED  \\S+Z  \\S+  may be it$`, 'm'));
    expect(text).not.toMatch(/AE\d{10}|Horizon|Contracting/);
  });

  it('--not-paid rejects a payout that Lean does not have', async () => {
    const { clock, lean, lost, create, settle, states, decisions, records } = await start();
    await lost();
    clock.ms += delayMs;
    const { sends } = (await records.read(keyOf('key-1'))) ?? {};
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('Settled, and the decision is kept.');
    expect(exitCode).toBe(0);
    expect(await states()).toEqual([['rejected', null]]);
    expect(await decisions()).toMatchObject([
      {
        caller: '',
        idempotency_key: 'key-1',
        decision: 'not paid',
        intent_id: null,
        decided_by: 'Noor',
        reason: 'asked Lean (ticket 4711)',
        evidence: { finding: 'absent', candidates: [], sends, position: 0 },
      },
    ]);
    expect(await create('key-1')).toMatchObject({ kind: 'rejected', code: 'REJECTED_BY_LEAN' });
    expect(lean.payouts.all()).toEqual([]);
  });

  it('--not-paid rejects a payout also where Lean has one like it, and keeps which', async () => {
    const { lean, clock, lost, settle, states, decisions } = await start();
    await lost();
    const { intentId } = lean.payouts.add({ ...like });
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
    expect(await decisions()).toMatchObject([
      { evidence: { finding: 'look_alike', candidates: [intentId] } },
    ]);
  });

  it('--created settles a payout with one at Lean that may be it', async () => {
    const { lean, clock, lost, create, settle, states, decisions } = await start();
    await lost();
    const [{ intentId }] = [lean.payouts.add({ ...like }), lean.payouts.add({ ...like })];
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', intentId.toUpperCase());
    expect(text).toContain('Settled, and the decision is kept.');
    expect(exitCode).toBe(0);
    expect(await states()).toEqual([['created', intentId]]);
    expect(await decisions()).toMatchObject([{ decision: 'created', intent_id: intentId }]);
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId });
  });

  it('--created is refused with an intent that Lean does not have', async () => {
    const { clock, lost, settle, states, decisions } = await start();
    await lost();
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', anIntent);
    expect(text).toContain("Lean's list has no payout that may be this one.");
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
    expect(await decisions()).toEqual([]);
  });

  it.each([
    ['amount', { amount: '20' }],
    ['destination', { destinationId: destinations.staysPending }],
  ])('--created is refused with an intent of another %s', async (_what, change) => {
    const { lean, clock, lost, settle, states } = await start();
    await lost();
    const { intentId } = lean.payouts.add({ ...like, ...change });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', intentId);
    expect(text).toContain("Lean's list has no payout that may be this one.");
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('--created is refused with an intent that another record has', async () => {
    const { clock, lost, create, settle, states, decisions } = await start();
    const other = (await create('other', transfer(undefined, { externalReference: 'other' }))) as {
      readonly intentId: string;
    };
    clock.ms += 1000;
    await lost();
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', other.intentId);
    expect(text).toContain(`The intent ${other.intentId} belongs to the key "other".`);
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
    expect(await decisions()).toEqual([]);
  });

  it('--created is refused with a payout that Lean has failed', async () => {
    const { lean, clock, lost, settle, states, decisions } = await start();
    await lost();
    const { intentId } = lean.payouts.add({ ...like, status: 'FAILED' });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', intentId);
    expect(text).toContain('Lean has failed that payout, so it was not paid: decide --not-paid.');
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
    expect(await decisions()).toEqual([]);
  });

  it('--send-again sends a payout once more when its key comes again, past what was judged', async () => {
    const { lean, clock, lost, create, settle, posts, decisions } = await start();
    await lost();
    const { intentId } = lean.payouts.add({ ...like });
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    const { text, exitCode } = await settle('--send-again');
    expect(text).toContain('Allowed: it is sent once more when its key comes again.');
    expect(exitCode).toBe(0);
    expect(posts()).toBe(0);
    expect(await decisions()).toMatchObject([
      { decision: 'send again', evidence: { candidates: [intentId] } },
    ]);
    clock.ms += 5000;
    const answer = await create('key-1');
    expect(answer).toMatchObject({ kind: 'created' });
    expect(answer).not.toHaveProperty('intentId', intentId);
    expect(posts()).toBe(1);
    expect(await create('key-1')).toEqual(answer);
  });

  it('--send-again does not send past a payout at Lean that was not there when it was decided', async () => {
    const { lean, clock, lost, create, settle, posts } = await start();
    await lost();
    lean.payouts.add({ ...like });
    clock.ms += delayMs;
    await settle('--send-again');
    lean.payouts.add({ ...like });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(posts()).toBe(0);
  });

  it('--send-again allows a third send after two that were lost', async () => {
    const { lean, clock, lost, create, settle, posts } = await start();
    await lost();
    clock.ms += delayMs;
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-1');
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    expect(posts()).toBe(2);
    expect(lean.payouts.all()).toHaveLength(1);
  });

  it('--send-again is refused for a batch', async () => {
    const { clock, lost, settle, states, decisions, lean } = await start();
    await lost('key-1', [
      transfer(undefined, { externalReference: 'a' }),
      transfer(undefined, { externalReference: 'b' }),
    ]);
    lean.payouts.add({ ...like });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--send-again', '--transfer', '0');
    expect(text).toContain('A batch is never sent again: ask for what is missing under a new key.');
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([
      ['unknown', null],
      ['unknown', null],
    ]);
    expect(await decisions()).toEqual([]);
  });

  it('--send-again is refused for a payout that Lean has refused, since such a one is never sent again', async () => {
    const { lean, clock, create, settle, decisions } = await start();
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    lean.payouts.add({ ...like });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--send-again');
    expect(text).toContain('Lean has refused it, so it is never sent again');
    expect(exitCode).toBe(1);
    expect(await decisions()).toEqual([]);
  });

  it('of a batch with several open transfers one must be named', async () => {
    const { lean, clock, lost, settle, states } = await start();
    await lost('key-1', [
      transfer(undefined, { externalReference: 'a' }),
      transfer(undefined, { externalReference: 'b' }),
    ]);
    const { intentId } = lean.payouts.add({ ...like });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('Several transfers are open: say which one with --transfer. Nothing was changed.');
    expect(exitCode).toBe(1);
    expect(await settle('--not-paid', '--transfer', '2')).toMatchObject({ exitCode: 1 });
    expect(await settle('--created', intentId, '--transfer', '1')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([
      ['unknown', null],
      ['created', intentId],
    ]);
  });

  it.each([
    ['the same', ['--not-paid'], ['--not-paid']],
    ['different ones', ['--not-paid'], ['--send-again']],
  ])('of two decisions at once one is done and kept (%s)', async (_what, first, second) => {
    const { clock, lean, lost, operator, settle, decisions } = await start();
    await lost();
    lean.payouts.add({ ...like });
    clock.ms += delayMs;
    // Both have looked before either of them is written down.
    const bothLooked = gate();
    let looked = 0;
    const afterBoth = async () => {
      looked += 1;
      if (looked === 2) bothLooked.open();
      await bothLooked.opened;
    };
    const [settleNow, grantNow] = [operator.settle.bind(operator), operator.grantSend.bind(operator)];
    operator.settle = (...args) => afterBoth().then(() => settleNow(...args));
    operator.grantSend = (...args) => afterBoth().then(() => grantNow(...args));
    const results = await Promise.all([settle(...first), settle(...second)]);
    expect(results.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1]);
    const refused = results.find(({ exitCode }) => exitCode === 1);
    expect(refused?.text).toContain(
      'Something has happened to it meanwhile: look again. Nothing was changed.',
    );
    expect(await decisions()).toHaveLength(1);
  });

  it.each([
    [['settle', 'key-1', '--not-paid', '--reason', 'x'], '--by is missing'],
    [['settle', 'key-1', '--not-paid', '--by', ' ', '--reason', 'x'], '--by is missing'],
    [['settle', 'key-1', '--not-paid', '--by', 'Noor'], '--reason is missing'],
    [['settle', 'key-1', '--not-paid', '--by', 'Noor', '--reason', ''], '--reason is missing'],
    [['settle', 'key-1', ...because], 'takes one of --created INTENT, --not-paid and --send-again'],
    [['settle', 'key-1', '--not-paid', '--send-again', ...because], 'takes one of --created'],
    [['settle', 'key-1', '--created', anIntent, '--not-paid', ...because], 'takes one of --created'],
    [
      ['settle', 'key-1', '--created', anIntent, '--despite', 'list_incomplete', ...because],
      'goes with --not-paid',
    ],
    [['settle', 'key-1', '--not-paid', '--despite', 'anything', ...because], '"anything" is no reason'],
    [
      ['settle', 'key-1', '--not-paid', '--despite', 'absent', ...because],
      'accepted: list_incomplete, list_too_long',
    ],
    [['settle', 'key-1', '--created', 'an intent', ...because], '--created: "an intent" is not accepted'],
    [['settle', 'key-1', '--not-paid', '--transfer', '-1', ...because], '--transfer'],
    [['settle', 'key-1', '--not-paid', '--transfer', 'one', ...because], '--transfer: takes the position'],
    [['settle', '--not-paid', ...because], 'takes one idempotency key'],
    [['settle', 'key-1', 'key-2', '--not-paid', ...because], 'takes one idempotency key'],
    [['accept-list', '--reason', 'x'], '--by is missing'],
    [['accept-list', '--by', 'Noor'], '--reason is missing'],
    [['accept-list', 'key-1', ...because], 'payouts accept-list: takes no key.'],
  ])('%j is refused by its words, and nothing is changed', async (args, why) => {
    const { clock, lost, command, states, lean } = await start();
    await lost();
    clock.ms += delayMs;
    const error = await failureOf(command(...args));
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(why);
    expect(await states()).toEqual([['unknown', null]]);
    expect(lean.requests).toEqual([]);
  });

  it('--send-again is not used while Lean’s list cannot be read whole, unless that was so when it was allowed', async () => {
    const { lean, clock, lost, create, settle, posts } = await start();
    await lost();
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    lean.behaviour.listTotal = 'missing';
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
    expect(posts()).toBe(0);
    expect(await settle('--send-again', '--despite', 'list_incomplete')).toMatchObject({ exitCode: 0 });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    expect(posts()).toBe(1);
  });

  it.each([['--not-paid'], ['--send-again']])(
    '%s is refused while Lean’s list proves nothing, unless the operator says so, also where Lean has a payout like it',
    async what => {
      const { lean, clock, create, lost, settle, decisions, records } = await start();
      await lost();
      for (let times = 0; times < 101; times += 1) lean.payouts.add({ amount: '99' });
      const { intentId } = lean.payouts.add({ ...like });
      lean.behaviour.listTotal = 'missing';
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
      for (const despite of [[], ['--despite', 'clocks_differ']]) {
        const { text, exitCode } = await settle(what, ...despite);
        expect(text).toContain('Lean may have the payout without showing it (list_incomplete)');
        expect(text).toContain('add --despite list_incomplete. Nothing was changed.');
        expect(exitCode).toBe(1);
      }
      expect(await decisions()).toEqual([]);
      expect(await settle(what, '--despite', 'list_incomplete')).toMatchObject({ exitCode: 0 });
      expect(await decisions()).toMatchObject([
        { evidence: { finding: 'look_alike', absence: 'list_incomplete', candidates: [intentId] } },
      ]);
      const grant = { finding: 'look_alike', absence: 'list_incomplete', payouts: [intentId], failed: [] };
      expect((await records.read(keyOf('key-1')))?.sends.grant).toEqual(
        what === '--send-again' ? grant : null,
      );
    },
  );

  it.each([
    ['the list can no longer be read whole', 'list_incomplete', 'missing'],
    ['absences are doubted', 'absence_doubted', 'stated'],
  ] as const)('--send-again past a payout like it is not used once %s', async (_what, finding, listTotal) => {
    const { lean, clock, create, lost, settle, posts, records, reconciliation } = await start();
    await lost();
    lean.payouts.add({ ...like });
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    if (finding === 'absence_doubted') await reconciliation.doubtAbsence('test', 'an-intent', 'missing');
    lean.behaviour.listTotal = listTotal;
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    expect(posts()).toBe(0);
    expect(await records.read(keyOf('key-1'))).toMatchObject({ finding });
    expect(await settle('--send-again', '--despite', finding)).toMatchObject({ exitCode: 0 });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
  });

  it('--send-again is over once Lean has shown payouts of the key, whatever its list shows later', async () => {
    const { lean, clock, create, lost, settle, posts, records } = await start();
    await lost();
    lean.behaviour.listTotal = 'missing';
    clock.ms += delayMs;
    expect(await settle('--send-again', '--despite', 'list_incomplete')).toMatchObject({ exitCode: 0 });
    lean.behaviour.listTotal = 'stated';
    for (let times = 0; times < 2; times += 1) lean.payouts.add({ ...like, externalReference: 'order-1' });
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect((await records.read(keyOf('key-1')))?.sends.grant).toBeNull();
    lean.payouts.clear();
    lean.behaviour.listTotal = 'missing';
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(posts()).toBe(0);
  });

  it('--send-again is over once Lean has shown another payout that may be it, whatever its list shows later', async () => {
    const { lean, clock, create, lost, settle, posts } = await start();
    await lost();
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    lean.payouts.add({ ...like });
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.payouts.clear();
    clock.ms += 6000;
    const { text } = await settle('--created', anIntent);
    expect(text).not.toContain('send again allowed');
    lean.payouts.add({ ...like });
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(posts()).toBe(0);
  });

  it('--not-paid and --send-again are refused for a key of which Lean has shown payouts, and --created takes one of them', async () => {
    const { lean, clock, lost, create, settle, states } = await start();
    await lost();
    const shown = [1, 2].map(() => lean.payouts.add({ ...like, externalReference: 'order-1' }));
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.behaviour.listingMs = 86_400_000;
    clock.ms += delayMs;
    for (const what of ['--not-paid', '--send-again']) {
      const { text, exitCode } = await settle(what);
      expect(text).toContain(shown[0]?.intentId);
      expect(text).toContain('decide --created');
      expect(exitCode).toBe(1);
    }
    expect(await settle('--created', shown[0]?.intentId ?? '')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['created', shown[0]?.intentId]]);
  });

  it('--not-paid ends a key whose shown payouts have been given to other keys', async () => {
    const { lean, clock, lost, create, records, database, settle, states } = await start();
    await lost();
    const shown = [1, 2].map(() => lean.payouts.add({ ...like, externalReference: 'order-1' }));
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    for (const { intentId } of shown) {
      await records.reserve(newRequest(keyOf(intentId)));
      await database.run(
        {
          sql: 'UPDATE lean_payout_requests SET claim = NULL WHERE idempotency_key = $1',
          values: [intentId],
        },
        {
          sql: "UPDATE lean_payout_records SET state = 'created', answer = '{}', intent_id = $1 WHERE idempotency_key = $1",
          values: [intentId],
        },
      );
    }
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid');
    expect({ text: exitCode === 0 ? '' : text, exitCode }).toEqual({ text: '', exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it.each([['--not-paid'], ['--send-again']])(
    '%s is refused where Lean has a payout with the very reference, also where Lean has rounded its amount',
    async what => {
      const { lean, clock, lost, settle, states } = await start();
      lean.behaviour.amounts = 'rounded';
      await lost();
      const { intentId } = lean.payouts.add({ ...like, externalReference: 'order-1' });
      clock.ms += delayMs;
      const { text, exitCode } = await settle(what);
      expect(text).toContain(`Lean has a payout with its reference (${intentId}): decide --created.`);
      expect(text).toMatch(new RegExp(`^  ${intentId} .* same reference$`, 'm'));
      expect(exitCode).toBe(1);
      expect(await settle('--created', intentId)).toMatchObject({ exitCode: 0 });
      expect(await states()).toEqual([['created', intentId]]);
    },
  );

  it('--not-paid is refused for the transfer of a batch of which Lean has shown several payouts, and for no other one', async () => {
    const { lean, clock, createAll, lost, settle, states } = await start();
    await lost('key-1', transfers(2));
    const [shown] = [1, 2].map(() => lean.payouts.add({ ...like, externalReference: 'order-1.0' }));
    clock.ms += 5000;
    const answer = await createAll('key-1', transfers(2));
    expect(answer).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.behaviour.listingMs = 86_400_000;
    clock.ms += delayMs;
    const first = await settle('--not-paid', '--transfer', '0');
    expect(first.text).toMatch(new RegExp(`with its reference \\(.*${String(shown?.intentId)}`));
    expect(first.text).toContain('decide --created');
    expect(first.exitCode).toBe(1);
    expect(await settle('--created', shown?.intentId ?? '', '--transfer', '1')).toMatchObject({
      exitCode: 1,
    });
    expect(await settle('--not-paid', '--transfer', '1')).toMatchObject({ exitCode: 0 });
    expect(await settle('--created', shown?.intentId ?? '')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([
      ['created', shown?.intentId],
      ['rejected', null],
    ]);
  });

  it('--created takes the intent of another transfer of the batch, where it fits', async () => {
    const { lean, clock, createAll, lost, settle, records, decisions } = await start();
    const wanted = [...transfers(2), transfer(destinations.staysPending, { externalReference: 'order-1.2' })];
    await lost('key-1', wanted);
    const { intentId } = lean.payouts.add({ ...like, externalReference: 'order-1.0' });
    lean.payouts.add({ ...like });
    clock.ms += delayMs;
    await createAll('key-1', wanted);
    const { text, exitCode } = await settle('--created', intentId, '--transfer', '1');
    expect(text).toContain('Another transfer of the request has the same intent');
    expect(exitCode).toBe(0);
    expect((await records.read(keyOf('key-1')))?.records).toMatchObject([
      { state: 'created', intentId },
      { state: 'created', answer: { kind: 'created', intentId, transferIndex: 1 } },
      { state: 'unknown' },
    ]);
    expect(await decisions()).toMatchObject([{ evidence: { knownBy: 'another transfer', position: 1 } }]);
    clock.ms += 5000;
    const other = await settle('--created', intentId, '--transfer', '2');
    expect(other.text).toContain('is that of another transfer of this request, and does not fit this one');
    expect(other.exitCode).toBe(1);
  });

  it('--created ends a payout of a Lean application that is gone, by the word of the operator', async () => {
    const { clock, lost, database, create, settle, states, decisions } = await start();
    await lost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'gone'" });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', anIntent);
    expect(text).toContain('it rests on your word');
    expect(exitCode).toBe(0);
    expect(await states()).toEqual([['created', anIntent]]);
    expect(await decisions()).toMatchObject([
      { intent_id: anIntent, evidence: { finding: 'other_application', knownBy: 'word of the operator' } },
    ]);
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: anIntent, recipient: null });
  });

  it('--created is refused for a Lean application that is gone with the payout of another key', async () => {
    const { clock, lost, database, create, settle, states } = await start();
    const other = (await create('other', transfer(undefined, { externalReference: 'other' }))) as {
      readonly intentId: string;
    };
    await lost();
    await database.run({
      sql: "UPDATE lean_payout_requests SET application = 'gone' WHERE idempotency_key = 'key-1'",
    });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', other.intentId);
    expect(text).toContain(`The intent ${other.intentId} belongs to the key "other".`);
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it.each([[['resolve', 'key-1']], [['settle', 'key-1', '--not-paid', ...because]]])(
    'sounds an alarm where Lean has more payouts than transfers (%j)',
    async args => {
      const { lean, clock, lost, command } = await start();
      await lost();
      const shown = [1, 2].map(() => lean.payouts.add({ ...like, externalReference: 'order-1' }).intentId);
      clock.ms += delayMs;
      const { text } = await command(...args);
      for (const intentId of shown) expect(text.slice(text.indexOf('\nALARM: '))).toContain(intentId);
      expect(text).toContain('\nALARM: Lean has more payouts of this key than it has transfers: ');
    },
  );

  it('--not-paid ends a key whose payouts Lean has failed', async () => {
    const { lean, clock, lost, create, settle, states } = await start();
    await lost();
    const { intentId: first } = lean.payouts.add({ ...like, externalReference: 'order-1' });
    const { intentId: other } = lean.payouts.add({ ...like, externalReference: 'order-1' });
    clock.ms += 5000;
    await create('key-1');
    lean.payouts.clear();
    for (const intentId of [first, other])
      lean.payouts.add({ ...like, externalReference: 'order-1', intentId, status: 'FAILED' });
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it('--not-paid can end a key while Lean cannot show the intent of another payout', async () => {
    const { lean, clock, lost, create, settle, states } = await start();
    await lost();
    lean.payouts.add(like);
    lean.faults.add({ kind: 'status', status: 429, operation: 'getPayoutIntent' });
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
    clock.ms += 5000;
    const refused = await settle('--not-paid');
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.text).toContain('Lean could not show');
    expect(await settle('--not-paid', '--despite', 'lean_unavailable')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it('starts the delay anew where a wrong clock has noted a time far ahead, and can be repeated after it', async () => {
    const { clock, lost, settle, states } = await start();
    clock.ms += 91 * 86_400_000;
    clock.leanMs -= 91 * 86_400_000;
    await lost();
    clock.ms -= 91 * 86_400_000;
    clock.leanMs += 91 * 86_400_000;
    const notPaid = () => settle('--not-paid', '--despite', 'clocks_differ');
    expect(await notPaid()).toMatchObject({ exitCode: 1 });
    clock.ms += delayMs;
    expect(await notPaid()).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it.each([
    ['resolve', 'key-1', '--not-paid'],
    ['--created', 'x'],
    ['accept-list', '--transfer', '0', ...because],
  ])('refuses an option that it would ignore (%s)', async (...args) => {
    const { command } = await start();
    await expect(command(...args)).rejects.toThrow(/does not take --/);
  });

  it('accept-application is found out where the list of the present application is another one', async () => {
    const { lean, clock, lost, database, command, create } = await start();
    await create('other', transfer(undefined, { externalReference: 'other' }));
    clock.ms += 1000;
    await lost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'old'" });
    // The other list has none of these payouts.
    lean.payouts.clear();
    clock.ms += delayMs;
    await command('accept-application', 'old', ...because);
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
  });

  it('--not-paid is refused under another application for a key of which Lean has shown payouts', async () => {
    const { lean, clock, lost, create, database, settle, states } = await start();
    await lost();
    for (let times = 0; times < 2; times += 1) lean.payouts.add({ ...like, externalReference: 'order-1' });
    clock.ms += 5000;
    await create('key-1');
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'gone'" });
    lean.payouts.clear();
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 1 });
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('--created with the payout of another key does not settle the key with that key’s second payout', async () => {
    const { lean, clock, lost, create, settle, states } = await start();
    const other = (await create('other')) as { readonly intentId: string };
    lean.payouts.add({ ...like, externalReference: 'order-1' });
    await lost();
    clock.ms += delayMs;
    expect(await settle('--created', other.intentId)).toMatchObject({ exitCode: 1 });
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('accept-application takes the doubts about the list along', async () => {
    const { clock, lost, database, command, create, reconciliation } = await start();
    await lost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'old'" });
    await reconciliation.doubtAbsence('old', 'an-intent', 'it was missing');
    await command('accept-application', 'old', ...because);
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
  });

  it('--not-paid can end a payout of a Lean application that is gone', async () => {
    const { lean, clock, lost, database, settle, states } = await start();
    await lost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'gone'" });
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 1 });
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
    expect(lean.requests).toEqual([]);
  });

  it('--send-again is used for a key of which Lean has failed every payout that it had shown', async () => {
    const { lean, clock, lost, create, settle, posts } = await start();
    await lost();
    const shown = [1, 2].map(() => lean.payouts.add({ ...like, externalReference: 'order-1' }).intentId);
    clock.ms += 5000;
    await create('key-1');
    lean.payouts.clear();
    for (const intentId of shown)
      lean.payouts.add({ ...like, externalReference: 'order-1', intentId, status: 'FAILED' });
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    expect(posts()).toBe(1);
  });

  it('--send-again past a payout that Lean had failed is not used once Lean takes another payment of it', async () => {
    const { lean, clock, lost, create, settle, posts } = await start();
    await lost();
    const { intentId } = lean.payouts.add({ ...like, status: 'FAILED' });
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    lean.payouts.add({ ...like, intentId });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    expect(posts()).toBe(0);
  });

  it('--not-paid ends a key whose shown payouts Lean does not know any more', async () => {
    const { lean, clock, lost, create, settle, states } = await start();
    await lost();
    for (let times = 0; times < 2; times += 1) lean.payouts.add({ ...like, externalReference: 'order-1' });
    clock.ms += 5000;
    await create('key-1');
    lean.payouts.clear();
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it('accept-application gives open payouts to the present application, and is kept', async () => {
    const { clock, lost, database, command, create, decisions } = await start();
    await lost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'old'" });
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
    expect(await command('accept-application', 'old', ...because)).toEqual({
      text: '1 of the Lean application old belong to test now, and the decision is kept.\n',
      exitCode: 0,
    });
    expect(await decisions()).toMatchObject([
      { decision: 'take over', evidence: { from: 'old', to: 'test' } },
    ]);
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    expect(await command('accept-application', 'old', ...because)).toMatchObject({ exitCode: 1 });
    expect(await command('accept-application', 'test', ...because)).toMatchObject({ exitCode: 1 });
  });

  it('accept-list has absences judged again, and is kept', async () => {
    const { clock, lost, reconciliation, command, create, decisions } = await start();
    await lost();
    await reconciliation.doubtAbsence('test', 'an-intent', 'an intent was missing');
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
    expect(await command('accept-list', ...because)).toEqual({
      text: 'Absences from the list of Lean application test are judged again, and the decision is kept.\n',
      exitCode: 0,
    });
    expect(await decisions()).toMatchObject([
      { decision: 'judge absences again', decided_by: 'Noor', evidence: { application: 'test' } },
    ]);
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
  });

  it('accept-list changes nothing where absences were not doubted', async () => {
    const { command, decisions } = await start();
    expect(await command('accept-list', ...because)).toEqual({
      text: 'Absences from the list of Lean application test were not doubted. Nothing was changed.\n',
      exitCode: 1,
    });
    expect(await decisions()).toEqual([]);
  });
});
