import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LeanNotSent } from '../../../src/errors/lean-errors.ts';
import type { CreationEvents } from '../../../src/payouts/creation/creation-events.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { currencyPlaces } from '../../../src/payouts/values/money.ts';
import { accounts, destinations } from '../../../src/sandbox/fixtures.ts';
import type { FaultRule, SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { createTestCore, transfer, transfers, type TestCoreOptions } from '../../support/test-core.ts';
import { freshStore, openTestStore } from '../../support/stores.ts';
import { defaultReference } from '../../support/default-reference.ts';
import { unusedAddress, failureOf, gate, json, rawServer, startLean } from '../../lean/fixtures.ts';

async function startCoreFor(url: string, options: TestCoreOptions = {}) {
  return createTestCore(url, openTestStore(await freshStore('SQLite')), options);
}

async function startCore(options: SandboxOptions = {}) {
  const lean = await startLean(options);
  return { lean, ...(await startCoreFor(lean.url)) };
}

const unknownAnswer = { kind: 'unknown', idempotencyKey: 'key-1' };

describe('a payout that Lean accepts', () => {
  it.each(['v2', 'v1', 'ksa'] as const)('a payout that Lean accepts is created (%s)', async profile => {
    const { lean, create } = await startCore({ profile });
    const amount = { amount: '16.50' as Decimal, currency: profile === 'ksa' ? 'SAR' : 'AED' };
    const answer = await create('key-1', transfer(destinations.pays, { amount }));
    const [payout] = lean.payouts.all();
    expect(answer).toMatchObject({
      kind: 'created',
      idempotencyKey: 'key-1',
      transferIndex: 0,
      intentId: payout?.intentId,
      paymentId: null,
      state: { status: 'CREATED' },
    });
    expect(answer).not.toHaveProperty('reason');
    expect(lean.requests).toMatchObject([{ operation: 'createPayoutPayment', idempotencyKey: 'key-1' }]);
  });

  it('a repetition with the same key is the same payout', async () => {
    const { lean, create } = await startCore();
    const first = await create('key-1', transfer());
    expect(await create('key-1', transfer())).toEqual(first);
    expect(lean.payouts.all()).toHaveLength(1);
  });
});

describe('an amount', () => {
  it('an amount reaches Lean with the exact digits of the caller', async () => {
    let payoutCount = 0;
    const { url, received } = await rawServer(response =>
      json(response, { payouts_payment_details: [{ payment_intent_id: `i-${String((payoutCount += 1))}` }] }),
    );
    const { create } = await startCoreFor(url);
    const money = fc
      .tuple(
        fc.constantFrom('AED', 'SAR', 'KWD', 'JPY'),
        fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }),
        fc.stringMatching(/^[0-9]{0,3}$/),
        fc.nat({ max: 2 }),
      )
      .map(([currency, whole, digits, zeros]) => {
        const fraction = digits.slice(0, currencyPlaces(currency) ?? 0) + '0'.repeat(zeros);
        return { currency, amount: `${String(whole)}${fraction === '' ? '' : `.${fraction}`}` as Decimal };
      });
    await fc.assert(
      fc.asyncProperty(money, async amount => {
        received.length = 0;
        const key = `key-${String(payoutCount)}`;
        const answer = await create(key, transfer(destinations.pays, { amount }));
        expect(answer).toMatchObject({ kind: 'created', amount });
        expect(received).toHaveLength(1);
        const [, sent] = /"amount":([^,}]*)/.exec(received[0]?.body ?? '') ?? [];
        expect(sent).toBe(amount.amount);
      }),
    );
  });
});

describe('invalid input', () => {
  it('invalid input is rejected with its field and without a call to Lean', async () => {
    const { lean, create } = await startCore();
    const amount = { amount: '1.005' as Decimal, currency: 'AED' };
    expect(await create('key-1', transfer(destinations.pays, { amount }))).toEqual({
      kind: 'rejected',
      code: 'INVALID_INPUT',
      message: 'amount.amount has more decimals than AED has; at most 2 are accepted.',
      inputErrors: [
        {
          field: 'amount.amount',
          code: 'TOO_MANY_DECIMALS',
          message: 'amount.amount has more decimals than AED has; at most 2 are accepted.',
        },
      ],
      leanCode: null,
      rejectedIntentId: null,
      idempotencyKey: 'key-1',
      transferIndex: null,
    });
    expect(await create('', transfer())).toMatchObject({
      inputErrors: [{ field: 'idempotencyKey', code: 'REQUIRED' }],
    });
    expect(lean.requests).toEqual([]);
  });

  it('an invalid batch is rejected with all problems and their positions', async () => {
    const { lean, createAll } = await startCore();
    const batch = [transfer(), transfer('x', { description: '' })];
    const answer = await createAll(' ', batch);
    expect(answer).toMatchObject({
      kind: 'rejected',
      code: 'INVALID_INPUT',
      message: '4 fields of the input are wrong; see inputErrors.',
      inputErrors: [
        { field: 'idempotencyKey', code: 'REQUIRED' },
        { field: 'transfers.1.destinationId', code: 'NOT_A_UUID' },
        { field: 'transfers.1.description', code: 'REQUIRED' },
        { field: 'transfers.1.externalReference', code: 'DUPLICATE' },
      ],
    });
    expect(lean.requests).toEqual([]);
  });

  it('a batch is rejected if two transfers have the same reference, even if one is a default reference', async () => {
    const { lean, createAll } = await startCore();
    const [given, other] = [
      transfer(),
      transfer(undefined, { amount: { amount: '9' as Decimal, currency: 'AED' } }),
    ];
    expect(await createAll('key-1', [given, other])).toMatchObject({
      code: 'INVALID_INPUT',
      inputErrors: [{ field: 'transfers.1.externalReference', code: 'DUPLICATE' }],
      message: expect.stringContaining('must differ from that of transfers.0') as string,
    });
    const withDefault = { ...given, externalReference: null };
    const same = { ...other, externalReference: defaultReference('key-1', 0) };
    expect(await createAll('key-1', [withDefault, same])).toMatchObject({
      inputErrors: [{ field: 'transfers.1.externalReference' }],
    });
    // The problem is reported for the given reference and not for the default one.
    const first = { ...same, externalReference: defaultReference('key-1', 1) };
    expect(await createAll('key-1', [first, withDefault])).toMatchObject({
      inputErrors: [{ field: 'transfers.0.externalReference', code: 'DUPLICATE' }],
    });
    expect(lean.requests).toEqual([]);
  });

  it.each([0, 101])('a batch of %i transfers is rejected', async size => {
    const { lean, createAll } = await startCore();
    const batch = transfers(size);
    expect(await createAll('key-1', batch)).toMatchObject({
      kind: 'rejected',
      message: `transfers has ${String(size)} transfers; accepted: 1 to 100.`,
      inputErrors: [{ field: 'transfers', code: size === 0 ? 'REQUIRED' : 'TOO_MANY' }],
    });
    expect(lean.requests).toEqual([]);
  });
});

describe('a refusal by Lean', () => {
  const finalRefusals: readonly [string, number, string | null][] = [
    ['UNKNOWN_PAYMENT_DESTINATION', 404, 'destinationId'],
    ['INVALID_AMOUNT', 400, 'amount.amount'],
    ['AMOUNT_UNDER_MIN_VALUE', 400, 'amount.amount'],
    ['AMOUNT_OVER_MAX_VALUE', 400, 'amount.amount'],
    ['INVALID_CURRENCY', 400, 'amount.currency'],
    ['INVALID_DESCRIPTION', 400, 'description'],
    ['BENEFICIARY_NOT_ACTIVE', 422, 'destinationId'],
  ];

  it.each(finalRefusals)(
    'the refusal %s (%i) is a rejection with the field %s',
    async (code, status, field) => {
      const { lean, create } = await startCore();
      lean.faults.add({ kind: 'status', status, code });
      const name = field?.replace(/Id$|^amount\./, '');
      const message = `Lean refused the payout because of its ${name} (${code}). Nothing was paid. A corrected payout needs a new idempotency key.`;
      expect(await create('key-1', transfer())).toEqual({
        kind: 'rejected',
        code: 'REJECTED_BY_LEAN',
        message,
        inputErrors: [{ field, code: 'REFUSED_BY_LEAN', message }],
        leanCode: code,
        rejectedIntentId: null,
        idempotencyKey: 'key-1',
        transferIndex: null,
      });
      expect(lean.requests).toHaveLength(1);
      expect(lean.payouts.all()).toEqual([]);
    },
  );

  it.each(['INSUFFICIENT_BALANCE', 'EXCEEDS_DAILY_LIMIT', 'A_CODE_OF_TOMORROW'])(
    'a refusal that may differ between copies of a request (%s) leaves the outcome unknown and is named in the message',
    async code => {
      const { lean, create } = await startCore();
      lean.faults.add({ kind: 'status', status: 400, code, times: 1 });
      expect(await create('key-1', transfer())).toMatchObject({
        kind: 'unknown',
        reason: 'WAITING',
        message: expect.stringContaining(`Lean refused the payout (${code})`) as string,
        resendAt: null,
      });
    },
  );

  it('a refused batch has an unknown outcome, because Lean may have accepted some of its transfers', async () => {
    const { lean, createAll } = await startCore();
    lean.faults.add({ kind: 'status', status: 400, code: 'INVALID_AMOUNT' });
    expect(await createAll('key-1', transfers(2))).toMatchObject({
      kind: 'unknown',
      reason: 'WAITING',
      resendAt: null,
    });
  });

  it('a failed transfer in a 200 response is a rejection with its intent', async () => {
    const { lean, create } = await startCore();
    const answer = await create('key-1', transfer(destinations.failsAtOnce));
    expect(answer).toEqual({
      kind: 'rejected',
      code: 'REJECTED_BY_LEAN',
      message: 'Lean failed the payout at once. Nothing was paid.',
      inputErrors: [],
      leanCode: null,
      rejectedIntentId: lean.payouts.all()[0]?.intentId,
      idempotencyKey: 'key-1',
      transferIndex: 0,
    });
  });

  it('a failed transfer in a 200 response has Lean’s reason only if it is a code', async () => {
    const { url } = await rawServer(response =>
      json(response, {
        payouts_payment_details: [
          {
            payment_intent_id: 'i',
            destination_details: { payment_status: 'FAILED', error_message: 'BANK_ISSUE' },
          },
        ],
      }),
    );
    expect(await (await startCoreFor(url)).create('key-1', transfer())).toMatchObject({
      message: 'Lean failed the payout at once (BANK_ISSUE). Nothing was paid.',
      leanCode: 'BANK_ISSUE',
    });
  });

  it.each(['IDEMPOTENCY_KEY_MISMATCH', 'IDEMPOTENT_BODY_DIFFERS'])(
    'a refusal is a conflict if its code (%s) says that Lean has the key with another input',
    async code => {
      const { lean, create } = await startCore();
      lean.faults.add({ kind: 'status', status: 409, code });
      expect(await create('key-1', transfer())).toMatchObject({
        kind: 'rejected',
        code: 'IDEMPOTENCY_CONFLICT',
        inputErrors: [{ field: 'idempotencyKey', code: 'ALREADY_USED' }],
        leanCode: code,
      });
    },
  );

  it.each(['IDEMPOTENCY_CONFLICT', 'IDEMPOTENCY_KEY_REUSED'])(
    'a refusal whose code (%s) may refer to another copy of the request leaves the outcome unknown',
    async code => {
      const { lean, create } = await startCore();
      lean.faults.add({ kind: 'status', status: 409, code });
      expect(await create('key-1', transfer())).toMatchObject({ kind: 'unknown' });
    },
  );

  it.each([401, 403, 429])('a refusal of the gateway itself (%i) is thrown', async status => {
    const { lean, create } = await startCore();
    lean.faults.add({ kind: 'status', status, code: 'TURNED_AWAY' });
    expect(await failureOf(create('key-1', transfer()))).toMatchObject({
      name: 'LeanRefused',
      details: { httpStatus: status },
    });
    expect(lean.requests).toHaveLength(1);
  });
});

describe('an unknown outcome', () => {
  const faults: readonly FaultRule[] = [
    { kind: 'drop_before' },
    { kind: 'drop_after' },
    { kind: 'truncate' },
    { kind: 'broken_json' },
    { kind: 'empty' },
    { kind: 'html' },
    { kind: 'html', status: 200 },
    { kind: 'html', status: 502, after: true },
    { kind: 'html', status: 400 },
    { kind: 'html', status: 401 },
    { kind: 'html', status: 403 },
    { kind: 'html', status: 404 },
    { kind: 'html', status: 405 },
    { kind: 'html', status: 429 },
    { kind: 'status', status: 404, code: 'INVALID_URL' },
    { kind: 'status', status: 302 },
    { kind: 'status', status: 408 },
    { kind: 'status', status: 409, code: 'PAYMENT_EXISTS' },
    { kind: 'status', status: 409, code: 'IDEMPOTENCY_KEY_ALREADY_USED' },
    { kind: 'status', status: 409, code: 'DUPLICATE_IDEMPOTENCY_KEY' },
    { kind: 'status', status: 400, code: 'IDEMPOTENCY_REQUEST_IN_PROGRESS' },
    { kind: 'status', status: 422, code: 'idempotency_key_in_progress' },
    { kind: 'status', status: 400, code: 'ANOTHER_PAYMENT_ALREADY_IN_PROGRESS' },
    { kind: 'status', status: 423 },
    { kind: 'status', status: 499 },
    { kind: 'status', status: 409, code: 'IDEMPOTENCY_REQUEST_IN_PROGRESS' },
    { kind: 'status', status: 422, code: 'DUPLICATED_REQUEST' },
    { kind: 'status', status: 400, code: 'DUPLICATED_REQUEST' },
    { kind: 'status', status: 425 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 500, after: true },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 504, after: true },
  ];

  it.each(faults)('the outcome is unknown after %o, and Lean has received one request', async fault => {
    const lean = await startLean();
    const events: Parameters<CreationEvents['unknown']>[] = [];
    const { create, createAll } = await startCoreFor(lean.url, {
      events: { unknown: (...event) => events.push(event) },
    });
    lean.faults.add(fault);
    const answer = await create('key-1', transfer());
    expect(answer).toMatchObject(unknownAnswer);
    expect(events).toMatchObject([
      [
        { idempotencyKey: 'key-1' },
        { kind: 'unknown', reason: 'WAITING' },
        { code: expect.stringMatching(/^LEAN_/) as string },
      ],
    ]);
    expect(answer).toHaveProperty('message', expect.stringContaining('same idempotency key'));
    expect(await createAll('key-2', transfers(2))).toMatchObject({ kind: 'unknown' });
    expect(lean.requests).toHaveLength(2);
  });

  it.each(['headers', 'body'] as const)(
    'the outcome is unknown at the deadline while the response %s stall',
    async part => {
      const arrival = gate();
      const { url, received } = await rawServer(response => {
        if (part === 'headers') return arrival.open();
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', arrival.open);
      });
      const { create } = await startCoreFor(url);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      onTestFinished(() => void vi.useRealTimers());
      const answer = create('key-1');
      await arrival.opened;
      vi.advanceTimersByTime(20_000);
      expect(await answer).toMatchObject(unknownAnswer);
      expect(received).toHaveLength(1);
    },
  );

  it.each<[string, unknown]>([
    ['no list', {}],
    ['another number of transfers', { payouts_payment_details: [] }],
    ['no intent id', { payouts_payment_details: [{ destination_details: { payment_status: 'CREATED' } }] }],
  ])('the outcome is unknown if the response contains %s', async (_, body) => {
    const { url, received } = await rawServer(response => json(response, body));
    const { create } = await startCoreFor(url);
    expect(await create('key-1', transfer())).toMatchObject(unknownAnswer);
    expect(received).toHaveLength(1);
  });
});

it('a creation throws if nothing reached Lean', async () => {
  const { create } = await startCoreFor(await unusedAddress());
  const failure = await failureOf(create('key-1', transfer()));
  expect(failure).toBeInstanceOf(LeanNotSent);
  expect(failure).toMatchObject({ name: 'LeanUnreachable', code: 'LEAN_UNAVAILABLE' });
});

describe('a batch', () => {
  it('a batch is one request, and each result has the position of its transfer', async () => {
    const { lean, createAll } = await startCore();
    const answer = await createAll(
      'key-1',
      [
        transfer(destinations.pays),
        transfer(destinations.failsAtOnce),
        transfer(destinations.staysPending, { accountId: accounts.second }),
        transfer(destinations.pays, { amount: { amount: '0.01' as Decimal, currency: 'AED' } }),
      ].map((each, index) => ({ ...each, externalReference: `order-${String(index)}` })),
    );
    expect(answer).toMatchObject({
      kind: 'batch',
      idempotencyKey: 'key-1',
      created: [
        { transferIndex: 0, amount: { amount: '16.5' } },
        { transferIndex: 2 },
        { transferIndex: 3, amount: { amount: '0.01' } },
      ],
      rejected: [{ transferIndex: 1, code: 'REJECTED_BY_LEAN' }],
    });
    expect(lean.requests).toHaveLength(1);
  });

  it('a batch may have a hundred transfers', async () => {
    const { createAll } = await startCore();
    const batch = transfers(100);
    const answer = await createAll('key-1', batch);
    expect(answer).toHaveProperty('created.length', 100);
  });
});

describe('whenIdle', () => {
  it('whenIdle resolves once no creation is in flight', async () => {
    const arrival = gate();
    const release = gate();
    const { url } = await rawServer(response => {
      arrival.open();
      void release.opened.then(() => json(response, {}, 500));
    });
    const { create, creation } = await startCoreFor(url);
    await creation.whenIdle();
    const order: string[] = [];
    const answer = create('key-1', transfer());
    const idle = creation.whenIdle().then(() => order.push('idle'));
    await arrival.opened;
    expect(order).toEqual([]);
    release.open();
    await Promise.all([idle, answer]);
    expect(order).toEqual(['idle']);
  });
});
