import { expect, it, onTestFinished } from 'vitest';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  sandboxCredentials,
} from '../src/sandbox/fixtures.ts';
import type { FaultRule } from '../src/sandbox/sandbox.ts';
import { captureLog } from './support/log-lines.ts';
import { postOperation, startListeningGateway } from './support/running-gateway.ts';

const faults: readonly FaultRule[] = [
  { kind: 'status', status: 400 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 404 },
  { kind: 'status', status: 409 },
  { kind: 'status', status: 429, retryAfter: 0 },
  { kind: 'status', status: 500 },
  { kind: 'html' },
  { kind: 'html', status: 200 },
  { kind: 'broken_json' },
  { kind: 'empty' },
  { kind: 'truncate' },
  { kind: 'drop_before' },
  { kind: 'drop_after' },
  { kind: 'stall' },
];

// No measured time in a log line reads like this amount.
const amount = '48151.62';
const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename
  ... on PayoutRejected { message } ... on PayoutOutcomeUnknown { message } } }`;
const input = {
  accountId: accounts.operating,
  destinationId: destinations.pays,
  amount: { amount, currency: 'AED' },
  description: 'Rent of Villa 7',
};
const reads = [
  '{ payouts(first: 3) { nodes { id intent { id } history { status } sender { iban } } } }',
  `{ payoutByPayment(paymentId: "${examplePayoutId}") { recipient { legalName displayName iban accountNumber } sender { legalName iban } } }`,
  `{ payoutIntent(id: "${exampleIntentId}") { destination { legalName displayName iban accountNumber } } }`,
  '{ payout(id: "AE070331234567890123456") { id } }',
];

it('no log line and no error contains a token, an account, a name, a description or a body, whatever fails', async () => {
  const { log, lines } = captureLog();
  const gateway = await startListeningGateway({ log, env: { LEAN_TIMEOUT_MS: '150' } });
  onTestFinished(() => gateway.close());
  const errors: unknown[] = [];
  let secrets: readonly string[] = [];
  for (const [round, fault] of [undefined, ...faults].entries()) {
    gateway.lean.faults.clear();
    if (fault !== undefined) gateway.lean.faults.add(fault);
    for (const document of reads) {
      const { data, errors: failed } = await postOperation(gateway.url, document);
      errors.push(failed);
      // The values of the round without faults must appear in no log line and no error.
      if (fault === undefined) secrets = [...secrets, ...textsOf(data)];
    }
    const result = await postOperation(gateway.url, create, {
      input: { ...input, idempotencyKey: `leak-${String(round)}` },
    });
    errors.push(result.errors, result.data);
  }
  const output = JSON.stringify([lines, errors]);
  expect(secrets.length).toBeGreaterThan(5);
  for (const secret of [...secrets, sandboxCredentials.token, input.description, amount])
    expect(output).not.toContain(secret);
  expect(output).not.toMatch(/AE\d{21}/);
  expect(lines.filter(({ msg }) => msg === 'lean').length).toBeGreaterThan(50);
});

/** Names and account numbers in a result: strings that are neither ids nor values of the schema. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return /[a-z] [A-Z]|^[A-Z]{2}\d{21}$|^\d{9,}$/.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
