import { expect, inject, it, onTestFinished } from 'vitest';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';
import type { RunningSandbox } from '../src/sandbox/sandbox.ts';
import { startLean } from './lean/fixtures.ts';
import { prepareCompleteStore } from './support/complete-store.ts';
import { startHeldLean } from './support/held-lean.ts';
import { payoutInput } from './support/payout-input.ts';
import { freshDatabase } from './support/postgres.ts';
import { runProgram } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';

/* Two gateways, each in its own process, on one PostgreSQL. */

const startedPattern = /"url":"([^"]+)".*gateway is up/;

/** Selects all fields that a recorded answer contains. */
const createPayout = /* GraphQL */ `
  mutation ($input: CreatePayoutInput!) {
    createPayout(input: $input) {
      __typename
      ... on PayoutCreated {
        idempotencyKey
        intentId
        payoutId
        status
        leanStatus
        amount {
          amount
          currency
        }
        sender {
          iban
        }
        recipient {
          displayName
          iban
          accountNumber
        }
        traceId
      }
    }
  }
`;

const countCreations = (lean: RunningSandbox): number =>
  lean.requests.filter(({ operation }) => operation === 'createPayoutPayment').length;

async function startReplicas(leanUrl: string) {
  const url = await freshDatabase(inject('postgresUrl'));
  await prepareCompleteStore({ url });
  const env = {
    DATABASE_URL: url,
    LEAN_BASE_URL: leanUrl,
    LEAN_API_TOKEN: sandboxCredentials.token,
    AUTH: 'none',
    PORT: '0',
    LEAN_TIMEOUT_MS: '120000',
  };
  const programs = [runProgram('main', env), runProgram('main', env)] as const;
  const [[, a = ''], [, b = '']] = await Promise.all([
    programs[0].waitForOutput(startedPattern),
    programs[1].waitForOutput(startedPattern),
  ]);
  return { programs, a, b };
}

/** Lean's answer to a creation. It has all facts that the calls select, so they read nothing more from Lean. */
const created = {
  payouts_payment_details: [
    {
      payment_intent_id: 'c0000000-0000-4000-8000-00000000abcd',
      account_number: '0100000000000001',
      iban: 'AE070331234567890123456',
      destination_details: {
        amount: 16.5,
        currency: 'AED',
        payment_status: 'CREATED',
        recipient_details: {
          name: 'Horizon Contracting',
          iban: 'AE460090000000123456789',
          account_number: '0200000000000002',
        },
      },
    },
  ],
};

it('a hundred concurrent identical calls to two gateways are one request to Lean and a hundred equal answers', async () => {
  const lean = await startLean({ latencyMs: 50 });
  const { a, b } = await startReplicas(lean.url);
  const input = payoutInput('key-1');
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      postOperation(index % 2 === 0 ? a : b, createPayout, { input }),
    ),
  );
  for (const { data, errors } of answers) {
    expect(errors).toBeUndefined();
    expect(data).toEqual(answers[0]?.data);
  }
  expect(answers[0]?.data).toMatchObject({
    createPayout: { __typename: 'PayoutCreated', recipient: { iban: expect.any(String) as string } },
  });
  expect(countCreations(lean)).toBe(1);
  // Apart from the creation, Lean's time may have been read once.
  const others = lean.requests.filter(({ operation }) => operation !== 'createPayoutPayment');
  expect(others.map(({ query }) => query).filter(query => query['page_size'] !== '1')).toEqual([]);
  expect(others.length).toBeLessThanOrEqual(1);
});

it('a call waits for the answer if another gateway is sending its key', async () => {
  const held = await startHeldLean();
  onTestFinished(() => held.close());
  const { a, b } = await startReplicas(held.url);
  const input = payoutInput('key-1');
  const first = postOperation(a, createPayout, { input });
  const sending = await held.request(0);
  const second = postOperation(b, createPayout, { input });
  // It waits, because another input with the same key is rejected at once.
  const other = await postOperation(b, createPayout, {
    input: payoutInput('key-1', { description: 'other' }),
  });
  expect(other.data).toEqual({ createPayout: { __typename: 'PayoutRejected' } });
  sending.answer(200, created);
  const answer = (await first).data;
  expect(answer).toMatchObject({
    createPayout: {
      __typename: 'PayoutCreated',
      sender: { iban: expect.any(String) as string },
      recipient: { displayName: 'Horizon Contracting' },
    },
  });
  expect((await second).data).toEqual(answer);
});

it('a call gets the payout if another gateway was killed while it was sending the key', async () => {
  const lean = await startLean({ latencyMs: 500 });
  const { programs, a, b } = await startReplicas(lean.url);
  const input = payoutInput('key-1');
  const aborted = postOperation(a, createPayout, { input }).catch(() => 'cut off');
  while (countCreations(lean) === 0) await new Promise(setImmediate);
  programs[0].kill('SIGKILL');
  const answer = await postOperation(b, createPayout, { input });
  expect(await aborted).toBe('cut off');
  expect(answer.data).toMatchObject({
    createPayout: { __typename: 'PayoutCreated', intentId: lean.payouts.all()[0]?.intentId },
  });
  expect(lean.payouts.all()).toHaveLength(1);
  expect(countCreations(lean)).toBe(1);
});
