import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PayoutInputError } from '../../src/payouts/creation/creation-answer.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import { payoutInput } from '../support/payout-input.ts';
import { defaultReference } from '../support/default-reference.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

interface Rejected {
  readonly code: string;
  readonly message: string;
  readonly inputErrors: readonly PayoutInputError[];
}

const rejected = `__typename ... on PayoutRejected { code message transferIndex inputErrors { field code message } }`;
const one = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ${rejected} } }`;
const many = `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { ${rejected} } }`;

async function rejectionOf(gateway: TestGateway, document: string, input: object): Promise<Rejected> {
  const { data, errors } = await gateway.run<Record<string, Rejected>>(document, { input });
  expect(errors).toBeUndefined();
  const [rejection] = Object.values(data ?? {});
  if (rejection === undefined) throw new TypeError('the result has no data');
  return rejection;
}

/** Invalid values of each field of a transfer, with their error codes. */
const invalidValues: Readonly<Record<string, readonly (readonly [value: unknown, code: string])[]>> = {
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
const invalidKeys = [
  ['', 'REQUIRED'],
  ['k'.repeat(256), 'TOO_LONG'],
  [' key', 'OUTER_BLANKS'],
  ['key\n', 'OUTER_BLANKS'],
  ['k\u00e9y', 'INVALID_CHARACTERS'],
] as const;

/** Random faults of a transfer, at most one for each field. */
const anyFaults = fc.record(
  Object.fromEntries(
    Object.entries(invalidValues).map(([field, values]) => [field, fc.constantFrom(...values)]),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<Readonly<Record<string, readonly [unknown, string]>>>;

function transferWith(faults: Readonly<Record<string, readonly [unknown, string]>>): object {
  const { accountId, destinationId, description, authorize } = payoutInput('');
  const valueOf = (field: string, valid: unknown): unknown => faults[field]?.[0] ?? valid;
  return {
    accountId: valueOf('accountId', accountId),
    destinationId: valueOf('destinationId', destinationId),
    // The currency decides how many decimal places are valid.
    amount: { amount: valueOf('amount.amount', '16.50'), currency: valueOf('amount.currency', 'AED') },
    description: valueOf('description', description),
    authorize,
    externalReference: valueOf('externalReference', null),
  };
}

/** The expected errors of faults. With an unknown currency, the number of decimal places is not checked. */
function expectedErrors(
  faults: Readonly<Record<string, readonly [unknown, string]>>,
  prefix = '',
): string[][] {
  return Object.entries(faults)
    .filter(([, [, code]]) => code !== 'TOO_MANY_DECIMALS' || faults['amount.currency'] === undefined)
    .map(([field, [, code]]) => [prefix + field, code]);
}

const actualErrors = ({ inputErrors }: Rejected): string[][] =>
  inputErrors.map(({ field, code }) => [field, code]);

describe('inputErrors', () => {
  it.each(invalidKeys)('names the key alone if it is %j', async (idempotencyKey, code) => {
    const gateway = await startTestGateway();
    const rejection = await rejectionOf(gateway, one, payoutInput(idempotencyKey));
    expect(rejection).toEqual({
      __typename: 'PayoutRejected',
      code: 'INVALID_INPUT',
      message: rejection.inputErrors[0]?.message,
      transferIndex: null,
      inputErrors: [
        { field: 'idempotencyKey', code, message: expect.stringMatching(/^idempotencyKey .*\.$/) },
      ],
    });
    const batch = { idempotencyKey, transfers: [transferWith({}), transferWith({})] };
    expect(actualErrors(await rejectionOf(gateway, many, batch))).toEqual([['idempotencyKey', code]]);
    expect(gateway.lean.requests).toEqual([]);
  });

  it('has one entry with path and code for each invalid field', async () => {
    const gateway = await startTestGateway();
    await fc.assert(
      fc.asyncProperty(anyFaults, fc.option(fc.constantFrom(...invalidKeys)), async (faults, key) => {
        const expected = [...(key === null ? [] : [['idempotencyKey', key[1]]]), ...expectedErrors(faults)];
        fc.pre(expected.length > 0);
        const input = { ...transferWith(faults), idempotencyKey: key?.[0] ?? 'key-1' };
        const rejection = await rejectionOf(gateway, one, input);
        expect(actualErrors(rejection).sort()).toEqual(expected.sort());
        expect(rejection.message).toBe(
          expected.length === 1
            ? rejection.inputErrors[0]?.message
            : `${String(expected.length)} fields of the input are wrong; see inputErrors.`,
        );
      }),
      { numRuns: 50 },
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('has paths with the index of the transfer, and 20 entries at most', async () => {
    const gateway = await startTestGateway();
    await fc.assert(
      fc.asyncProperty(fc.array(anyFaults, { minLength: 1, maxLength: 8 }), async batch => {
        const transfers = batch.map(transferWith);
        const expected = batch.flatMap((faults, index) =>
          expectedErrors(faults, `transfers.${String(index)}.`),
        );
        // Two invalid references may be equal. They are reported as invalid, not as duplicates.
        fc.pre(expected.length > 0);
        const rejection = await rejectionOf(gateway, many, { idempotencyKey: 'key-1', transfers });
        expect(rejection.inputErrors).toHaveLength(Math.min(expected.length, 20));
        for (const each of actualErrors(rejection)) expect(expected).toContainEqual(each);
        expect(new Set(rejection.inputErrors.map(({ field }) => field)).size).toBe(
          rejection.inputErrors.length,
        );
        if (expected.length > 1)
          expect(rejection.message).toBe(
            `${String(expected.length)} fields of the input are wrong; see inputErrors.`,
          );
      }),
      { numRuns: 50 },
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('names a reference that two transfers share, and no default reference', async () => {
    const gateway = await startTestGateway();
    const withReference = (externalReference?: string): object => ({
      ...transferWith({}),
      externalReference,
    });
    const errorsFor = async (...references: readonly (string | undefined)[]) =>
      actualErrors(
        await rejectionOf(gateway, many, {
          idempotencyKey: 'key-1',
          transfers: references.map(withReference),
        }),
      );
    expect(await errorsFor('r', 's', 'r', 'r')).toEqual([
      ['transfers.2.externalReference', 'DUPLICATE'],
      ['transfers.3.externalReference', 'DUPLICATE'],
    ]);
    expect(await errorsFor(defaultReference('key-1', 1), undefined)).toEqual([
      ['transfers.0.externalReference', 'DUPLICATE'],
    ]);
    expect(await errorsFor(undefined, defaultReference('key-1', 0))).toEqual([
      ['transfers.1.externalReference', 'DUPLICATE'],
    ]);
    expect(gateway.lean.requests).toEqual([]);
  });

  it('is empty for a payout that Lean failed, which can be read with the rejection', async () => {
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
    const [accepted, failed] = [destinations.pays, destinations.failsAtOnce].map(id =>
      made.find(({ destinationId }) => destinationId === id),
    );
    expect(data).toEqual({
      createPayouts: {
        created: [
          {
            transferIndex: 0,
            paymentId: null,
            payoutId: `po_${accepted?.intentId ?? ''}`,
            payout: { intentId: accepted?.intentId },
            intent: { id: accepted?.intentId },
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

  it('names the field that Lean refused, by its path in createPayout and in createPayouts', async () => {
    const gateway = await startTestGateway();
    const transfer = { ...transferWith({}), destinationId: destinations.refused };
    const expected = { code: 'REJECTED_BY_LEAN', inputErrors: [{ code: 'REFUSED_BY_LEAN' }] };
    const single = await rejectionOf(gateway, one, { ...transfer, idempotencyKey: 'key-1' });
    expect(single).toMatchObject({ ...expected, inputErrors: [{ field: 'destinationId' }] });
    const batch = await rejectionOf(gateway, many, { idempotencyKey: 'key-1', transfers: [transfer] });
    expect(batch).toMatchObject({ ...expected, inputErrors: [{ field: 'transfers.0.destinationId' }] });
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
  });
});
