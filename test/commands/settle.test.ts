import { describe, expect, it } from 'vitest';
import { payoutsCommand, type PayoutsDependencies } from '../../src/commands/payouts.ts';
import { UsageError } from '../../src/errors/usage-error.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import { failureOf, gate, startLean, refuseNext } from '../lean/fixtures.ts';
import { newRequest } from '../store/store-fixture.ts';
import { createTestCore, keyOf, transfer, transfers, type TestCoreOptions } from '../support/test-core.ts';
import { openEmptyStore, storeKinds } from '../support/stores.ts';

/** More than the resend delay, the deadline of a send, and the rounding of Lean's time to whole seconds, in ms. */
const delayMs = 600_000 + 25_000;

const attribution = ['--by', 'Noor', '--reason', 'asked Lean (ticket 4711)'];
const anIntent = 'c0000000-0000-4000-8000-00000000abcd';

/** A payout at Lean that cannot be distinguished from the one that was sent. */
const lookAlike = { amount: '16.5', destinationId: destinations.pays, description: 'INV 001' };

describe.each(storeKinds)('payouts settle (%s)', kind => {
  async function start(options: TestCoreOptions = {}) {
    const clock = { ms: Date.now(), leanMs: 0 };
    const now = () => clock.ms;
    const lean = await startLean({ clock: () => clock.ms + clock.leanMs });
    const { database } = await openEmptyStore(kind, now);
    const core = createTestCore(lean.url, database, { now, ...options });
    await core.client.listPayouts({ page_number: '0', page_size: '1' });
    const { records, operator } = core;
    const dependencies: PayoutsDependencies = {
      openStore: () =>
        Promise.resolve({ records, operator, location: 'memory', close: () => Promise.resolve() }),
      openCore: () => Promise.resolve({ ...core, application: 'test', close: () => Promise.resolve() }),
    };
    /** Creates a payout whose first send was lost before it reached Lean. */
    const createLost = async (key = 'key-1', wanted = [transfer()]) => {
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
      createLost,
      decisions,
      command: (...args: string[]) => payoutsCommand(args, dependencies),
      settle: (...args: string[]) =>
        payoutsCommand(['settle', 'key-1', ...args, ...attribution], dependencies),
      posts: () => lean.requests.filter(({ operation }) => operation === 'createPayoutPayment').length,
      states: async () =>
        (await records.read(keyOf('key-1')))?.records.map(({ state, intentId }) => [state, intentId]),
    };
  }

  it('settle reports that a key, or a key of another caller, has no record', async () => {
    const { clock, createLost, settle } = await start();
    expect(await settle('--not-paid')).toEqual({
      text: '\nThere is no record of the key "key-1" without a caller (--caller names one).\n',
      exitCode: 1,
    });
    await createLost();
    clock.ms += delayMs;
    expect(await settle('--not-paid', '--caller', 'billing')).toMatchObject({ exitCode: 1 });
  });

  it('settle refuses a payout that is settled', async () => {
    const { lean, create, settle, decisions } = await start();
    await create('key-1');
    lean.requests.length = 0;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain('It is settled already. Nothing was changed.');
    expect(exitCode).toBe(1);
    expect(lean.requests).toEqual([]);
    expect(await decisions()).toEqual([]);
  });

  it('settle refuses a payout that a gateway is sending', async () => {
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
    'settle refuses before the resend delay has passed by the store’s clock, and names the end of the delay (%s)',
    async (...options) => {
      const { lean, clock, createLost, records, settle, decisions } = await start();
      await createLost();
      const { sends } = (await records.read(keyOf('key-1'))) ?? {};
      const end = (sends?.until ?? 0) + 600_000;
      clock.ms = end - 1;
      const { text, exitCode } = await settle(...options);
      expect(text).toContain(
        `The resend delay has not passed: decide after ${new Date(end).toISOString()}. Nothing was changed.`,
      );
      expect(exitCode).toBe(1);
      expect(lean.requests).toEqual([]);
      expect(await decisions()).toEqual([]);
    },
  );

  it.each([['--not-paid'], ['--send-again']])(
    'settle refuses before the resend delay has passed by Lean’s clock (%s)',
    async option => {
      const { clock, createLost, settle, states, decisions } = await start();
      await createLost();
      clock.ms += delayMs;
      clock.leanMs -= 60_000;
      const { text, exitCode } = await settle(option);
      expect(text).toContain('The resend delay has not passed yet on both clocks');
      expect(exitCode).toBe(1);
      expect(await states()).toEqual([['unknown', null]]);
      expect(await decisions()).toEqual([]);
    },
  );

  it('settle waits for the default delay with PAYOUT_RESEND_AFTER_MS=0', async () => {
    const { clock, createLost, settle } = await start({ resendAfter: 0 });
    await createLost();
    clock.ms += 60_000;
    expect((await settle('--not-paid')).text).toContain('The resend delay has not passed');
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
  });

  it.each([[[]], [['--despite', 'lean_unavailable']]])(
    'settle refuses if Lean’s list cannot be read (%j)',
    async despite => {
      const { lean, clock, createLost, settle, states } = await start();
      await createLost();
      clock.ms += delayMs;
      lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
      const { text, exitCode } = await settle('--not-paid', ...despite);
      expect(text).toContain(
        "Lean's list could not be read (Lean refused the request.), so nothing can be decided now, even with --despite",
      );
      expect(exitCode).toBe(1);
      expect(await states()).toEqual([['unknown', null]]);
    },
  );

  it('settle --send-again refuses a payout that was sent for another Lean application', async () => {
    const { clock, createLost, database, settle, states } = await start();
    await createLost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'another'" });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--send-again');
    expect(text).toContain(
      'It was sent for the Lean application another: decide with the credentials of that one, or see accept-application.',
    );
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('settle keeps no decision if its read finds the payout at Lean', async () => {
    const { lean, clock, create, settle, states, decisions } = await start();
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-1');
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain("Lean's list has settled it as created.");
    expect(exitCode, 'the payout was not settled as decided').toBe(1);
    expect(await states()).toEqual([['created', lean.payouts.all()[0]?.intentId]]);
    expect(await decisions()).toEqual([]);
  });

  it('settle keeps no decision if its read frees a key whose sends Lean had refused', async () => {
    const { lean, clock, create, records, settle, decisions } = await start();
    refuseNext(lean, 429, 'SLOW_DOWN');
    await failureOf(create('key-1'));
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid');
    expect(text).toContain(
      'refused every send of it with 401, 403 or 429, and is proven not to have it: the key is free again',
    );
    expect(exitCode, 'the key is sent when it comes again').toBe(1);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    expect(await decisions()).toEqual([]);
  });

  it('settle shows the payouts at Lean that may be the one, without names and account numbers', async () => {
    const { lean, clock, createLost, settle } = await start();
    await createLost();
    const { intentId } = lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    const { text } = await settle('--created', anIntent);
    expect(text).toMatch(new RegExp(`^  ${intentId}  16.5 AED  \\S+Z  \\S+  may be this one$`, 'm'));
    expect(text).not.toMatch(/AE\d{10}|Horizon|Contracting/);
  });

  it('--not-paid rejects a payout that Lean does not have', async () => {
    const { clock, lean, createLost, create, settle, states, decisions, records } = await start();
    await createLost();
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

  it('--not-paid rejects a payout even if Lean has a look-alike, and keeps the intent of the look-alike', async () => {
    const { lean, clock, createLost, settle, states, decisions } = await start();
    await createLost();
    const { intentId } = lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
    expect(await decisions()).toMatchObject([
      { evidence: { finding: 'look_alike', candidates: [intentId] } },
    ]);
  });

  it('--created settles a payout with a look-alike at Lean', async () => {
    const { lean, clock, createLost, create, settle, states, decisions } = await start();
    await createLost();
    const [{ intentId }] = [lean.payouts.add({ ...lookAlike }), lean.payouts.add({ ...lookAlike })];
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', intentId.toUpperCase());
    expect(text).toContain('Settled, and the decision is kept.');
    expect(exitCode).toBe(0);
    expect(await states()).toEqual([['created', intentId]]);
    expect(await decisions()).toMatchObject([{ decision: 'created', intent_id: intentId }]);
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId });
  });

  it('--created is refused for an intent that Lean does not have', async () => {
    const { clock, createLost, settle, states, decisions } = await start();
    await createLost();
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
  ])('--created is refused for an intent of another %s', async (_what, change) => {
    const { lean, clock, createLost, settle, states } = await start();
    await createLost();
    const { intentId } = lean.payouts.add({ ...lookAlike, ...change });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', intentId);
    expect(text).toContain("Lean's list has no payout that may be this one.");
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('--created is refused for an intent that another record has', async () => {
    const { clock, createLost, create, settle, states, decisions } = await start();
    const other = (await create('other', transfer(undefined, { externalReference: 'other' }))) as {
      readonly intentId: string;
    };
    clock.ms += 1000;
    await createLost();
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', other.intentId);
    expect(text).toContain(`The intent ${other.intentId} belongs to the key "other".`);
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
    expect(await decisions()).toEqual([]);
  });

  it('--created is refused for a payout that Lean has failed', async () => {
    const { lean, clock, createLost, settle, states, decisions } = await start();
    await createLost();
    const { intentId } = lean.payouts.add({ ...lookAlike, status: 'FAILED' });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', intentId);
    expect(text).toContain('Lean has failed that payout, so it was not paid: settle it with --not-paid.');
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
    expect(await decisions()).toEqual([]);
  });

  it('--send-again sends a payout once more when its key is repeated, despite the look-alikes that were judged', async () => {
    const { lean, clock, createLost, create, settle, posts, decisions } = await start();
    await createLost();
    const { intentId } = lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    const { text, exitCode } = await settle('--send-again');
    expect(text).toContain('Allowed: it is sent once more when its key is repeated.');
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

  it('--send-again does not send if Lean has a look-alike that was not there at the decision', async () => {
    const { lean, clock, createLost, create, settle, posts } = await start();
    await createLost();
    lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    await settle('--send-again');
    lean.payouts.add({ ...lookAlike });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(posts()).toBe(0);
  });

  it('--send-again allows a third send after two that were lost', async () => {
    const { lean, clock, createLost, create, settle, posts } = await start();
    await createLost();
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
    const { clock, createLost, settle, states, decisions, lean } = await start();
    await createLost('key-1', [
      transfer(undefined, { externalReference: 'a' }),
      transfer(undefined, { externalReference: 'b' }),
    ]);
    lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--send-again', '--transfer', '0');
    expect(text).toContain('A batch is never sent again: request what is missing under a new key.');
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([
      ['unknown', null],
      ['unknown', null],
    ]);
    expect(await decisions()).toEqual([]);
  });

  it('--send-again is refused for a payout that Lean has rejected', async () => {
    const { lean, clock, create, settle, decisions } = await start();
    refuseNext(lean, 400, 'INSUFFICIENT_BALANCE');
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--send-again');
    expect(text).toContain('Lean has refused it, so it is never sent again');
    expect(exitCode).toBe(1);
    expect(await decisions()).toEqual([]);
  });

  it('settle requires --transfer for a batch with several open transfers', async () => {
    const { lean, clock, createLost, settle, states } = await start();
    await createLost('key-1', [
      transfer(undefined, { externalReference: 'a' }),
      transfer(undefined, { externalReference: 'b' }),
    ]);
    const { intentId } = lean.payouts.add({ ...lookAlike });
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
    ['equal', ['--not-paid'], ['--not-paid']],
    ['different', ['--not-paid'], ['--send-again']],
  ])('only one of two concurrent %s decisions is made and kept', async (_what, first, second) => {
    const { clock, lean, createLost, operator, settle, decisions } = await start();
    await createLost();
    lean.payouts.add({ ...lookAlike });
    clock.ms += delayMs;
    // Both commands read Lean's list before either of them records its decision.
    const bothLooked = gate();
    let finishedReads = 0;
    const afterBoth = async () => {
      finishedReads += 1;
      if (finishedReads === 2) bothLooked.open();
      await bothLooked.opened;
    };
    const [settleNow, grantNow] = [operator.settle.bind(operator), operator.grantSend.bind(operator)];
    operator.settle = (...args) => afterBoth().then(() => settleNow(...args));
    operator.grantSend = (...args) => afterBoth().then(() => grantNow(...args));
    const results = await Promise.all([settle(...first), settle(...second)]);
    expect(results.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1]);
    const refused = results.find(({ exitCode }) => exitCode === 1);
    expect(refused?.text).toContain('The request has changed meanwhile: read it again. Nothing was changed.');
    expect(await decisions()).toHaveLength(1);
  });

  it.each([
    [['settle', 'key-1', '--not-paid', '--reason', 'x'], '--by is missing'],
    [['settle', 'key-1', '--not-paid', '--by', ' ', '--reason', 'x'], '--by is missing'],
    [['settle', 'key-1', '--not-paid', '--by', 'Noor'], '--reason is missing'],
    [['settle', 'key-1', '--not-paid', '--by', 'Noor', '--reason', ''], '--reason is missing'],
    [
      ['settle', 'key-1', ...attribution],
      'accepts exactly one of --created INTENT, --not-paid and --send-again',
    ],
    [['settle', 'key-1', '--not-paid', '--send-again', ...attribution], 'accepts exactly one of --created'],
    [
      ['settle', 'key-1', '--created', anIntent, '--not-paid', ...attribution],
      'accepts exactly one of --created',
    ],
    [
      ['settle', 'key-1', '--created', anIntent, '--despite', 'list_incomplete', ...attribution],
      'with --created only other_application is accepted',
    ],
    [
      ['settle', 'key-1', '--not-paid', '--despite', 'anything', ...attribution],
      '"anything" is not accepted',
    ],
    [
      ['settle', 'key-1', '--not-paid', '--despite', 'absent', ...attribution],
      'accepted: list_incomplete, list_too_long',
    ],
    [['settle', 'key-1', '--created', 'an intent', ...attribution], '--created: "an intent" is not accepted'],
    [['settle', 'key-1', '--not-paid', '--transfer', '-1', ...attribution], '--transfer'],
    [
      ['settle', 'key-1', '--not-paid', '--transfer', 'one', ...attribution],
      '--transfer: "one" is not accepted; accepted: a whole number from 0 to 99',
    ],
    [['settle', '--not-paid', ...attribution], 'requires one idempotency key'],
    [['settle', 'key-1', 'key-2', '--not-paid', ...attribution], 'requires one idempotency key'],
    [['accept-list', '--reason', 'x'], '--by is missing'],
    [['accept-list', '--by', 'Noor'], '--reason is missing'],
    [['accept-list', 'key-1', ...attribution], 'payouts accept-list: accepts no key.'],
  ])('%j is a usage error, and nothing is changed', async (args, why) => {
    const { clock, createLost, command, states, lean } = await start();
    await createLost();
    clock.ms += delayMs;
    const error = await failureOf(command(...args));
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(why);
    expect(await states()).toEqual([['unknown', null]]);
    expect(lean.requests).toEqual([]);
  });

  it('--send-again does not send while Lean’s list is incomplete, unless the list was incomplete at the decision', async () => {
    const { lean, clock, createLost, create, settle, posts } = await start();
    await createLost();
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
    '%s is refused while Lean’s list proves nothing, unless --despite names the reason, even if Lean has a look-alike',
    async option => {
      const { lean, clock, create, createLost, settle, decisions, records } = await start();
      await createLost();
      for (let times = 0; times < 101; times += 1) lean.payouts.add({ amount: '99' });
      const { intentId } = lean.payouts.add({ ...lookAlike });
      lean.behaviour.listTotal = 'missing';
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
      for (const despite of [[], ['--despite', 'clocks_differ']]) {
        const { text, exitCode } = await settle(option, ...despite);
        expect(text).toContain('Lean may have the payout without showing it (list_incomplete)');
        expect(text).toContain('add --despite list_incomplete. Nothing was changed.');
        expect(exitCode).toBe(1);
      }
      expect(await decisions()).toEqual([]);
      expect(await settle(option, '--despite', 'list_incomplete')).toMatchObject({ exitCode: 0 });
      expect(await decisions()).toMatchObject([
        { evidence: { finding: 'look_alike', absence: 'list_incomplete', candidates: [intentId] } },
      ]);
      const grant = { finding: 'look_alike', absence: 'list_incomplete', payouts: [intentId], failed: [] };
      expect((await records.read(keyOf('key-1')))?.sends.grant).toEqual(
        option === '--send-again' ? grant : null,
      );
    },
  );

  it.each([
    ['the list can no longer be read whole', 'list_incomplete', 'missing'],
    ['absences are doubted', 'absence_doubted', 'stated'],
  ] as const)(
    'a send that was allowed despite a look-alike is not made once %s',
    async (_what, finding, listTotal) => {
      const { lean, clock, create, createLost, settle, posts, records, reconciliation } = await start();
      await createLost();
      lean.payouts.add({ ...lookAlike });
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
    },
  );

  it('--send-again ends once Lean has shown payouts of the key, whatever its list shows later', async () => {
    const { lean, clock, create, createLost, settle, posts, records } = await start();
    await createLost();
    lean.behaviour.listTotal = 'missing';
    clock.ms += delayMs;
    expect(await settle('--send-again', '--despite', 'list_incomplete')).toMatchObject({ exitCode: 0 });
    lean.behaviour.listTotal = 'stated';
    for (let times = 0; times < 2; times += 1)
      lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect((await records.read(keyOf('key-1')))?.sends.grant).toBeNull();
    lean.payouts.clear();
    lean.behaviour.listTotal = 'missing';
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(posts()).toBe(0);
  });

  it('--send-again ends once Lean has shown another look-alike, whatever its list shows later', async () => {
    const { lean, clock, create, createLost, settle, posts } = await start();
    await createLost();
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    lean.payouts.add({ ...lookAlike });
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.payouts.clear();
    clock.ms += 6000;
    const { text } = await settle('--created', anIntent);
    expect(text).not.toContain('send again allowed');
    lean.payouts.add({ ...lookAlike });
    clock.ms += 6000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    expect(posts()).toBe(0);
  });

  it('after Lean has shown payouts of a key, only --created with one of them is accepted', async () => {
    const { lean, clock, createLost, create, settle, states } = await start();
    await createLost();
    const shown = [1, 2].map(() => lean.payouts.add({ ...lookAlike, externalReference: 'order-1' }));
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.behaviour.listingMs = 86_400_000;
    clock.ms += delayMs;
    for (const option of ['--not-paid', '--send-again']) {
      const { text, exitCode } = await settle(option);
      expect(text).toContain(shown[0]?.intentId);
      expect(text).toContain('settle it with --created');
      expect(exitCode).toBe(1);
    }
    expect(await settle('--created', shown[0]?.intentId ?? '')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['created', shown[0]?.intentId]]);
  });

  it('--not-paid settles a key whose shown payouts now belong to other keys', async () => {
    const { lean, clock, createLost, create, records, database, settle, states } = await start();
    await createLost();
    const shown = [1, 2].map(() => lean.payouts.add({ ...lookAlike, externalReference: 'order-1' }));
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    for (const { intentId } of shown) {
      await records.reserve(newRequest(keyOf(intentId)));
      await database.run(
        {
          sql: 'UPDATE lean_payout_requests SET lease_id = NULL WHERE idempotency_key = $1',
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
    '%s is refused if Lean has a payout with the same reference, even if Lean has rounded its amount',
    async option => {
      const { lean, clock, createLost, settle, states } = await start();
      lean.behaviour.amounts = 'rounded';
      await createLost();
      const { intentId } = lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
      clock.ms += delayMs;
      const { text, exitCode } = await settle(option);
      expect(text).toContain(`Lean has a payout with its reference (${intentId}): settle it with --created.`);
      expect(text).toMatch(new RegExp(`^  ${intentId} .* same reference$`, 'm'));
      expect(exitCode).toBe(1);
      expect(await settle('--created', intentId)).toMatchObject({ exitCode: 0 });
      expect(await states()).toEqual([['created', intentId]]);
    },
  );

  it('--not-paid is refused only for the transfer of a batch of which Lean has shown several payouts', async () => {
    const { lean, clock, createAll, createLost, settle, states } = await start();
    await createLost('key-1', transfers(2));
    const [shown] = [1, 2].map(() => lean.payouts.add({ ...lookAlike, externalReference: 'order-1.0' }));
    clock.ms += 5000;
    const answer = await createAll('key-1', transfers(2));
    expect(answer).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    lean.behaviour.listingMs = 86_400_000;
    clock.ms += delayMs;
    const first = await settle('--not-paid', '--transfer', '0');
    expect(first.text).toMatch(new RegExp(`with its reference \\(.*${String(shown?.intentId)}`));
    expect(first.text).toContain('settle it with --created');
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

  it('--created accepts the intent of another transfer of the batch if the amount and destination match', async () => {
    const { lean, clock, createAll, createLost, settle, records, decisions } = await start();
    const wanted = [...transfers(2), transfer(destinations.staysPending, { externalReference: 'order-1.2' })];
    await createLost('key-1', wanted);
    const { intentId } = lean.payouts.add({ ...lookAlike, externalReference: 'order-1.0' });
    lean.payouts.add({ ...lookAlike });
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
    expect(other.text).toContain('belongs to another transfer of this request, and does not match this one');
    expect(other.exitCode).toBe(1);
  });

  it.each([['--not-paid'], ['--created', anIntent]])(
    'settle refuses a payout that was sent for another Lean application, and names both applications (%s)',
    async (...options) => {
      const { lean, clock, create, database, settle, states, decisions } = await start();
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      await database.run({ sql: "UPDATE lean_payout_requests SET application = 'another'" });
      lean.requests.length = 0;
      clock.ms += delayMs;
      const { text, exitCode } = await settle(...options);
      expect(text).toMatch(
        /sent for the Lean application another, but .* those of test.*Lean was not asked.*--despite other_application\. Nothing was changed\./,
      );
      expect(exitCode).toBe(1);
      expect(lean.requests).toEqual([]);
      expect(await states()).toEqual([['unknown', null]]);
      expect(await decisions()).toEqual([]);
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    },
  );

  it('settle refuses --despite other_application if the payout was sent for the application of the credentials', async () => {
    const { lean, clock, create, settle, states, decisions } = await start();
    lean.behaviour.listingMs = 86_400_000;
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await create('key-1');
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--not-paid', '--despite', 'other_application');
    expect(text).toContain('leave out --despite other_application. Nothing was changed.');
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
    expect(await decisions()).toEqual([]);
  });

  it('--created with --despite other_application settles a payout on the operator’s word', async () => {
    const { clock, createLost, database, create, settle, states, decisions } = await start();
    await createLost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'gone'" });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', anIntent, '--despite', 'other_application');
    expect(text).toContain('Lean was not asked');
    expect(text).toContain('the decision is yours alone');
    expect(exitCode).toBe(0);
    expect(await states()).toEqual([['created', anIntent]]);
    expect(await decisions()).toMatchObject([
      { intent_id: anIntent, evidence: { finding: 'other_application', knownBy: 'word of the operator' } },
    ]);
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: anIntent, recipient: null });
  });

  it('--created is refused for a removed Lean application if the intent belongs to another key', async () => {
    const { clock, createLost, database, create, settle, states } = await start();
    const other = (await create('other', transfer(undefined, { externalReference: 'other' }))) as {
      readonly intentId: string;
    };
    await createLost();
    await database.run({
      sql: "UPDATE lean_payout_requests SET application = 'gone' WHERE idempotency_key = 'key-1'",
    });
    clock.ms += delayMs;
    const { text, exitCode } = await settle('--created', other.intentId, '--despite', 'other_application');
    expect(text).toContain(`The intent ${other.intentId} belongs to the key "other".`);
    expect(exitCode).toBe(1);
    expect(await states()).toEqual([['unknown', null]]);
  });

  it.each([[['resolve', 'key-1']], [['settle', 'key-1', '--not-paid', ...attribution]]])(
    'the command prints an alarm if Lean has more payouts than transfers (%j)',
    async args => {
      const { lean, clock, createLost, command } = await start();
      await createLost();
      const shown = [1, 2].map(
        () => lean.payouts.add({ ...lookAlike, externalReference: 'order-1' }).intentId,
      );
      clock.ms += delayMs;
      const { text } = await command(...args);
      for (const intentId of shown) expect(text.slice(text.indexOf('\nALARM: '))).toContain(intentId);
      expect(text).toContain('\nALARM: Lean has more payouts of this key than it has transfers: ');
    },
  );

  it('--not-paid settles a key whose payouts Lean has failed', async () => {
    const { lean, clock, createLost, create, settle, states } = await start();
    await createLost();
    const { intentId: first } = lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
    const { intentId: other } = lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
    clock.ms += 5000;
    await create('key-1');
    lean.payouts.clear();
    for (const intentId of [first, other])
      lean.payouts.add({ ...lookAlike, externalReference: 'order-1', intentId, status: 'FAILED' });
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it('--not-paid with --despite settles a key while Lean cannot show the intent of a look-alike', async () => {
    const { lean, clock, createLost, create, settle, states } = await start();
    await createLost();
    lean.payouts.add(lookAlike);
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

  it('settle restarts the resend delay if a wrong clock wrote the time of the send', async () => {
    const { clock, createLost, settle, states } = await start();
    clock.ms += 91 * 86_400_000;
    clock.leanMs -= 91 * 86_400_000;
    await createLost();
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
    ['accept-list', '--transfer', '0', ...attribution],
  ])('the command refuses an option that it would ignore (%s)', async (...args) => {
    const { command } = await start();
    await expect(command(...args)).rejects.toThrow(/does not accept --/);
  });

  it('after accept-application, a payout is not sent if Lean’s list is a different one', async () => {
    const { lean, clock, createLost, database, command, create } = await start();
    await create('other', transfer(undefined, { externalReference: 'other' }));
    clock.ms += 1000;
    await createLost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'old'" });
    // Clears Lean's list, so that it is like the list of another application.
    lean.payouts.clear();
    clock.ms += delayMs;
    await command('accept-application', 'old', ...attribution);
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
  });

  it('--not-paid is refused for a removed Lean application if Lean has shown payouts of the key', async () => {
    const { lean, clock, createLost, create, database, settle, states } = await start();
    await createLost();
    for (let times = 0; times < 2; times += 1)
      lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
    clock.ms += 5000;
    await create('key-1');
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'gone'" });
    lean.payouts.clear();
    clock.ms += delayMs;
    expect(await settle('--not-paid', '--despite', 'other_application')).toMatchObject({ exitCode: 1 });
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('--created is refused for an intent of another key, even if Lean has a second payout of that key', async () => {
    const { lean, clock, createLost, create, settle, states } = await start();
    const other = (await create('other')) as { readonly intentId: string };
    lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
    await createLost();
    clock.ms += delayMs;
    expect(await settle('--created', other.intentId)).toMatchObject({ exitCode: 1 });
    expect(await states()).toEqual([['unknown', null]]);
  });

  it('accept-application moves the doubts about the list', async () => {
    const { clock, createLost, database, command, create, reconciliation } = await start();
    await createLost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'old'" });
    await reconciliation.doubtAbsence('old', 'an-intent', 'it was missing');
    await command('accept-application', 'old', ...attribution);
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
  });

  it('--not-paid with --despite other_application settles a payout of a removed Lean application, without a call to Lean', async () => {
    const { lean, clock, createLost, database, settle, states } = await start();
    await createLost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'gone'" });
    clock.ms += delayMs;
    const despite = ['--despite', 'other_application'];
    expect(await settle('--send-again', ...despite)).toMatchObject({ exitCode: 1 });
    const { text, exitCode } = await settle('--not-paid', ...despite);
    expect(text).toContain('Lean was not asked');
    expect(exitCode).toBe(0);
    expect(await states()).toEqual([['rejected', null]]);
    expect(lean.requests).toEqual([]);
  });

  it('--send-again sends if Lean has failed every payout that it had shown of the key', async () => {
    const { lean, clock, createLost, create, settle, posts } = await start();
    await createLost();
    const shown = [1, 2].map(() => lean.payouts.add({ ...lookAlike, externalReference: 'order-1' }).intentId);
    clock.ms += 5000;
    await create('key-1');
    lean.payouts.clear();
    for (const intentId of shown)
      lean.payouts.add({ ...lookAlike, externalReference: 'order-1', intentId, status: 'FAILED' });
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    expect(posts()).toBe(1);
  });

  it('--send-again does not send if a failed look-alike is no longer failed', async () => {
    const { lean, clock, createLost, create, settle, posts } = await start();
    await createLost();
    const { intentId } = lean.payouts.add({ ...lookAlike, status: 'FAILED' });
    clock.ms += delayMs;
    expect(await settle('--send-again')).toMatchObject({ exitCode: 0 });
    lean.payouts.add({ ...lookAlike, intentId });
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
    expect(posts()).toBe(0);
  });

  it('--not-paid settles a key whose shown payouts Lean no longer knows', async () => {
    const { lean, clock, createLost, create, settle, states } = await start();
    await createLost();
    for (let times = 0; times < 2; times += 1)
      lean.payouts.add({ ...lookAlike, externalReference: 'order-1' });
    clock.ms += 5000;
    await create('key-1');
    lean.payouts.clear();
    clock.ms += delayMs;
    expect(await settle('--not-paid')).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual([['rejected', null]]);
  });

  it('accept-application moves open payouts to the current application, and the decision is kept', async () => {
    const { clock, createLost, database, command, create, decisions } = await start();
    await createLost();
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'old'" });
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
    expect(await command('accept-application', 'old', ...attribution)).toEqual({
      text: 'Requests moved from the Lean application old to test: 1. The decision is kept.\n',
      exitCode: 0,
    });
    expect(await decisions()).toMatchObject([
      { decision: 'take over', evidence: { from: 'old', to: 'test' } },
    ]);
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
    expect(await command('accept-application', 'old', ...attribution)).toMatchObject({ exitCode: 1 });
    expect(await command('accept-application', 'test', ...attribution)).toMatchObject({ exitCode: 1 });
  });

  it('accept-list accepts proofs of absence again, and the decision is kept', async () => {
    const { clock, createLost, reconciliation, command, create, decisions } = await start();
    await createLost();
    await reconciliation.doubtAbsence('test', 'an-intent', 'an intent was missing');
    clock.ms += delayMs;
    expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
    expect(await command('accept-list', ...attribution)).toEqual({
      text: 'Proofs of absence from the list of the Lean application test are accepted again. The decision is kept.\n',
      exitCode: 0,
    });
    expect(await decisions()).toMatchObject([
      { decision: 'judge absences again', decided_by: 'Noor', evidence: { application: 'test' } },
    ]);
    clock.ms += 5000;
    expect(await create('key-1')).toMatchObject({ kind: 'created' });
  });

  it('accept-list changes nothing if proofs of absence were not stopped', async () => {
    const { command, decisions } = await start();
    expect(await command('accept-list', ...attribution)).toEqual({
      text: 'Proofs of absence from the list of the Lean application test were not stopped. Nothing was changed.\n',
      exitCode: 1,
    });
    expect(await decisions()).toEqual([]);
  });
});
