import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PayoutInputError } from '../../src/payouts/creation/creation-answer.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { payoutInput } from '../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

interface Rejected {
  readonly code: string;
  readonly message: string;
  readonly inputErrors: readonly PayoutInputError[];
}

const rejected = `__typename ... on PayoutRejected { code message transferIndex inputErrors { field code message } }`;
const one = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ${rejected} } }`;
const many = `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { ${rejected} } }`;

async function answerTo(gateway: TestGateway, document: string, input: object): Promise<Rejected> {
  const { data, errors } = await gateway.run<Record<string, Rejected>>(document, { input });
  expect(errors).toBeUndefined();
  const [answer] = Object.values(data ?? {});
  if (answer === undefined) throw new TypeError('there is no answer');
  return answer;
}

/** Wrong values of each field of a transfer, with the code that says why. */
const wrong: Readonly<Record<string, readonly (readonly [value: unknown, code: string])[]>> = {
  accountId: [
    ['', 'REQUIRED'],
    ['a'.repeat(65), 'TOO_LONG'],
    ['acc ', 'OUTER_BLANKS'],
    ['a/b', 'INVALID_CHARACTERS'],
  ],
  destinationId: [
    ['', 'REQUIRED'],
    ['d-1', 'NOT_A_UUID'],
  ],
  'amount.amount': [
    ['0', 'NOT_POSITIVE'],
    ['-1.5', 'NOT_POSITIVE'],
    ['1.005', 'TOO_MANY_DECIMALS'],
    ['1'.padEnd(19, '0'), 'TOO_LARGE'],
  ],
  'amount.currency': [['XXQ', 'UNKNOWN_CURRENCY']],
  description: [
    ['', 'REQUIRED'],
    [' \u00a0', 'REQUIRED'],
    ['x'.repeat(33), 'TOO_LONG'],
    ['a\nb', 'INVALID_CHARACTERS'],
  ],
  externalReference: [
    ['', 'REQUIRED'],
    ['x'.repeat(65), 'TOO_LONG'],
    ['INV 7 ', 'OUTER_BLANKS'],
    ['a\u007fb', 'INVALID_CHARACTERS'],
  ],
};
const wrongKeys = [
  ['', 'REQUIRED'],
  ['k'.repeat(256), 'TOO_LONG'],
  [' key', 'OUTER_BLANKS'],
  ['key\n', 'OUTER_BLANKS'],
  ['k\u00e9y', 'INVALID_CHARACTERS'],
] as const;

/** Faults of a transfer by field: at most one of each. */
const faults = fc.record(
  Object.fromEntries(Object.entries(wrong).map(([field, values]) => [field, fc.constantFrom(...values)])),
  { requiredKeys: [] },
) as fc.Arbitrary<Readonly<Record<string, readonly [unknown, string]>>>;

function transferWith(made: Readonly<Record<string, readonly [unknown, string]>>): object {
  const { accountId, destinationId, description, authorize } = payoutInput('');
  const valueOf = (field: string, good: unknown): unknown => made[field]?.[0] ?? good;
  return {
    accountId: valueOf('accountId', accountId),
    destinationId: valueOf('destinationId', destinationId),
    // How many decimals there may be is told by the currency.
    amount: { amount: valueOf('amount.amount', '16.50'), currency: valueOf('amount.currency', 'AED') },
    description: valueOf('description', description),
    authorize,
    externalReference: valueOf('externalReference', null),
  };
}

/** What the faults of a transfer are to be told as; too many decimals are none of an unknown currency. */
function toldOf(made: Readonly<Record<string, readonly [unknown, string]>>, before = ''): string[][] {
  return Object.entries(made)
    .filter(([, [, code]]) => code !== 'TOO_MANY_DECIMALS' || made['amount.currency'] === undefined)
    .map(([field, [, code]]) => [before + field, code]);
}

const told = ({ inputErrors }: Rejected): string[][] => inputErrors.map(({ field, code }) => [field, code]);

describe('the wrong fields of an input', () => {
  it.each(wrongKeys)('are the key alone where that is %j', async (idempotencyKey, code) => {
    const gateway = await startTestGateway();
    const answer = await answerTo(gateway, one, payoutInput(idempotencyKey));
    expect(answer).toEqual({
      __typename: 'PayoutRejected',
      code: 'INVALID_INPUT',
      message: answer.inputErrors[0]?.message,
      transferIndex: null,
      inputErrors: [
        { field: 'idempotencyKey', code, message: expect.stringMatching(/^idempotencyKey .*\.$/) },
      ],
    });
    const batch = { idempotencyKey, transfers: [transferWith({}), transferWith({})] };
    expect(told(await answerTo(gateway, many, batch))).toEqual([['idempotencyKey', code]]);
    expect(gateway.lean.requests).toEqual([]);
  });

  it('are told once each, by their paths and codes, whatever they are', async () => {
    const gateway = await startTestGateway();
    await fc.assert(
      fc.asyncProperty(faults, fc.option(fc.constantFrom(...wrongKeys)), async (made, key) => {
        const expected = [...(key === null ? [] : [['idempotencyKey', key[1]]]), ...toldOf(made)];
        fc.pre(expected.length > 0);
        const input = { ...transferWith(made), idempotencyKey: key?.[0] ?? 'key-1' };
        const answer = await answerTo(gateway, one, input);
        expect(told(answer).sort()).toEqual(expected.sort());
        expect(answer.message).toBe(
          expected.length === 1
            ? answer.inputErrors[0]?.message
            : `${String(expected.length)} fields of the input are wrong; see inputErrors.`,
        );
      }),
      { numRuns: 50 },
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('are told by the places of their transfers, 20 of them at most', async () => {
    const gateway = await startTestGateway();
    await fc.assert(
      fc.asyncProperty(fc.array(faults, { minLength: 1, maxLength: 8 }), async batch => {
        const transfers = batch.map(transferWith);
        const expected = batch.flatMap((made, index) => toldOf(made, `transfers.${String(index)}.`));
        // Two wrong references may be the same: that they are wrong is all that is told of them.
        fc.pre(expected.length > 0);
        const answer = await answerTo(gateway, many, { idempotencyKey: 'key-1', transfers });
        expect(answer.inputErrors).toHaveLength(Math.min(expected.length, 20));
        for (const each of told(answer)) expect(expected).toContainEqual(each);
        expect(new Set(answer.inputErrors.map(({ field }) => field)).size).toBe(answer.inputErrors.length);
        if (expected.length > 1)
          expect(answer.message).toBe(
            `${String(expected.length)} fields of the input are wrong; see inputErrors.`,
          );
      }),
      { numRuns: 50 },
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('are a reference that two transfers have, and never one that nobody sent', async () => {
    const gateway = await startTestGateway();
    const withReference = (externalReference?: string): object => ({
      ...transferWith({}),
      externalReference,
    });
    const blamed = async (...references: readonly (string | undefined)[]) =>
      told(
        await answerTo(gateway, many, { idempotencyKey: 'key-1', transfers: references.map(withReference) }),
      );
    expect(await blamed('r', 's', 'r', 'r')).toEqual([
      ['transfers.2.externalReference', 'DUPLICATE'],
      ['transfers.3.externalReference', 'DUPLICATE'],
    ]);
    expect(await blamed('key-1.1', undefined)).toEqual([['transfers.0.externalReference', 'DUPLICATE']]);
    expect(await blamed(undefined, 'key-1.0')).toEqual([['transfers.1.externalReference', 'DUPLICATE']]);
    expect(gateway.lean.requests).toEqual([]);
  });

  it('are none of a payout that Lean failed, which can be read with the rejection', async () => {
    const gateway = await startTestGateway();
    const before = new Set(gateway.lean.payouts.all());
    const { data } = await gateway.run(
      `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { ... on PayoutsCreated {
        created { transferIndex paymentId payoutId payout { intentId } intent { id } }
        rejected { transferIndex rejectedIntentId inputErrors { field } payout { intentId status } } } } }`,
      {
        input: {
          idempotencyKey: 'key-1',
          transfers: [transferWith({}), { ...transferWith({}), destinationId: destinations.failsAtOnce }],
        },
      },
    );
    const made = gateway.lean.payouts.all().filter(payout => !before.has(payout));
    const [taken, failed] = [destinations.pays, destinations.failsAtOnce].map(id =>
      made.find(({ destinationId }) => destinationId === id),
    );
    expect(data).toEqual({
      createPayouts: {
        created: [
          {
            transferIndex: 0,
            paymentId: null,
            payoutId: `po_${taken?.intentId ?? ''}`,
            payout: { intentId: taken?.intentId },
            intent: { id: taken?.intentId },
          },
        ],
        rejected: [
          {
            transferIndex: 1,
            rejectedIntentId: failed?.intentId,
            inputErrors: [],
            payout: { intentId: failed?.intentId, status: 'FAILED' },
          },
        ],
      },
    });
    expect(gateway.received()).toMatchObject({ createPayoutPayment: 1, getPayoutIntent: 2 });
  });

  it('are the one that Lean refused the payout for, by its path on each road to one transfer', async () => {
    const gateway = await startTestGateway();
    const transfer = { ...transferWith({}), destinationId: destinations.refused };
    const refused = { code: 'REJECTED_BY_LEAN', inputErrors: [{ code: 'REFUSED_BY_LEAN' }] };
    const single = await answerTo(gateway, one, { ...transfer, idempotencyKey: 'key-1' });
    expect(single).toMatchObject({ ...refused, inputErrors: [{ field: 'destinationId' }] });
    const batch = await answerTo(gateway, many, { idempotencyKey: 'key-1', transfers: [transfer] });
    expect(batch).toMatchObject({ ...refused, inputErrors: [{ field: 'transfers.0.destinationId' }] });
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
  });
});
