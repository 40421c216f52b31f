import { describe, expect, it, onTestFinished } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { subscribeBySse } from '../support/event-stream.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

/*
 * A field of a payout has the same value in every query, mutation and update.
 */
const party = 'id legalName displayName accountNumber iban bankName';
const allFields = `id paymentId intentId amount { amount currency } description status leanStatus outcome
  postInitiationStatus granularStatusCode statusDetails recipient { ${party} } sender { ${party} } paymentSourceId
  bankTransactionReference autoAuthorized pendingManualAuthorization createdAt updatedAt submittedAt initiatedAt
  history { payoutId paymentId type status leanStatus postInitiationStatus publishedAt }
  intent { id customerId amount { amount currency } description externalReference
    destination { id status legalName displayName iban accountNumber swiftCode address city country } }`;

const input = {
  idempotencyKey: 'order-1',
  accountId: 'a0000000-0000-4000-8000-000000000001',
  destinationId: destinations.pays,
  amount: { amount: '16.5', currency: 'AED' },
  description: 'INV 001',
  authorize: true,
};

const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ... on PayoutCreated {
  intentId payoutId sender { ${party} } recipient { ${party} } payout { ${allFields} }
  intent { payout { ${allFields} } } } } }`;

interface Created {
  readonly createPayout: {
    readonly intentId: string;
    readonly payoutId: string;
    readonly sender: object;
    readonly recipient: object;
    readonly payout: object;
    readonly intent: { readonly payout: object };
  };
}

interface Fields extends Record<string, unknown> {
  readonly paymentId: string | null;
  readonly outcome: string | null;
  readonly sender: object | null;
  readonly recipient: object;
}

/** Reads the payout by every query that can return it. Returns the query's name with the payout. */
async function readByAllQueries(
  gateway: ListeningGateway,
  intentId: string,
  lacksFields: boolean,
): Promise<readonly (readonly [string, Fields])[]> {
  const id = payoutIdOf(intentId);
  const run = async <Data>(document: string, variables: object): Promise<Data> => {
    const { data, errors = [] } = await postOperation(gateway.url, document, variables);
    const codes = new Set(errors.map(({ extensions }) => extensions?.['code']));
    expect([...codes]).toEqual(codes.size === 0 || !lacksFields ? [] : ['NOT_OFFERED_BY_LEAN']);
    return data as Data;
  };
  const entity = (representation: object) =>
    run<{ _entities: Fields[] }>(
      `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { ${allFields} } } }`,
      { of: [{ __typename: 'Payout', ...representation }] },
    ).then(({ _entities }) => _entities[0]);
  const { payouts } = await run<{ payouts: { nodes: Fields[]; edges: { node: Fields }[] } }>(
    `{ payouts { nodes { ${allFields} } edges { node { ${allFields} } } } }`,
    {},
  );
  const paymentId = payouts.nodes[0]?.paymentId;
  const results: (readonly [string, Fields | undefined])[] = [
    ['nodes', payouts.nodes[0]],
    ['edges', payouts.edges[0]?.node],
    [
      'payout',
      (await run<{ payout: Fields }>(`query ($id: ID!) { payout(id: $id) { ${allFields} } }`, { id })).payout,
    ],
    [
      'payoutByIntent',
      (
        await run<{ p: Fields }>(`query ($id: ID!) { p: payoutByIntent(intentId: $id) { ${allFields} } }`, {
          id: intentId,
        })
      ).p,
    ],
    [
      'payoutIntent',
      (
        await run<{ i: { payout: Fields } }>(
          `query ($id: ID!) { i: payoutIntent(id: $id) { payout { ${allFields} } } }`,
          { id: intentId },
        )
      ).i.payout,
    ],
    ['entity by id', await entity({ id })],
    ['entity by intentId', await entity({ intentId })],
  ];
  if (paymentId != null)
    results.push(
      [
        'payoutByPayment',
        (
          await run<{ p: Fields }>(
            `query ($id: ID!) { p: payoutByPayment(paymentId: $id) { ${allFields} } }`,
            {
              id: paymentId,
            },
          )
        ).p,
      ],
      ['entity by paymentId', await entity({ paymentId })],
    );
  return results.map(([query, fields]) => [query, fields ?? ({} as Fields)]);
}

/** The payout of the update with the same state as a payout that was read before. */
async function payoutOfUpdate({ url }: ListeningGateway, read: Fields, after: unknown): Promise<unknown> {
  const stream = await subscribeBySse(
    url,
    `subscription ($id: ID!, $after: String) { payoutUpdated(id: $id, after: $after) {
      leanStatus postInitiationStatus payout { ${allFields} } } }`,
    { id: read['id'], after },
  );
  for (;;) {
    const { payoutUpdated } = (await stream.next()) as { payoutUpdated: Fields };
    if (['leanStatus', 'postInitiationStatus'].every(name => payoutUpdated[name] === read[name]))
      return payoutUpdated['payout'];
  }
}

interface Example {
  readonly lean: string;
  readonly sandbox: SandboxOptions;
  readonly answers?: 'documented' | 'recorded';
  readonly env?: Record<string, string>;
}

/** Pays a payout, and compares the results of all queries in each of its states. */
async function compareQueries({
  sandbox,
  answers = 'recorded',
  env = {},
}: Example): Promise<(readonly Fields[])[]> {
  // The clock stands still while the queries run.
  let now = Date.now();
  const secret = 'any';
  const gateway = await startListeningGateway({
    sandbox: { ...sandbox, payouts: 0, clock: () => now },
    env: { ...env, LEAN_WEBHOOK_SECRET: secret },
  });
  onTestFinished(() => gateway.close());
  const { payoutUpdatesCursor: cursor } =
    (await postOperation(gateway.url, '{ payoutUpdatesCursor }')).data ?? {};
  gateway.lean.webhooks.target = { url: `${gateway.origin}/webhooks/lean`, secret };
  gateway.lean.behaviour.answers = answers;
  const currency = sandbox.profile === 'ksa' ? 'SAR' : 'AED';
  const { data } = await postOperation(gateway.url, create, {
    input: { ...input, amount: { amount: '16.5', currency } },
  });
  const created = (data as unknown as Created | undefined)?.createPayout;
  const lacksFields = sandbox.profile !== 'v2' || answers === 'documented';
  const states: (readonly Fields[])[] = [];
  for (const state of ['created', 'accepted', 'paid']) {
    const results = await readByAllQueries(gateway, created?.intentId ?? '', lacksFields);
    const [[, first] = ['', {} as Fields], ...others] = results;
    for (const [query, fields] of others) expect([state, query, fields]).toEqual([state, query, first]);
    if (state === 'created')
      expect(created).toMatchObject({
        payoutId: first['id'],
        payout: first,
        intent: { payout: first },
        sender: first.sender,
        recipient: first.recipient,
      });
    // The test's SSE client rejects results with errors, which there are if Lean lacks a field.
    if (!lacksFields) expect(await payoutOfUpdate(gateway, first, cursor)).toEqual(first);
    states.push(results.map(([, fields]) => fields));
    now += state === 'created' ? 3000 : 60_000;
  }
  return states;
}

describe('each field of a payout has one value in all queries and in every state', () => {
  it.each<Example>([
    { lean: 'with Lean’s recorded responses', sandbox: { profile: 'v2' } },
    { lean: 'without a cache of rows', sandbox: { profile: 'v2' }, env: { READ_CACHE_MB: '0' } },
    { lean: 'with Lean’s documented responses', sandbox: { profile: 'v2' }, answers: 'documented' },
  ])('$lean', async each => {
    const states = await compareQueries(each);
    expect(states.map(([first]) => first)).toMatchObject([
      {
        status: 'CREATED',
        outcome: 'IN_PROGRESS',
        paymentId: null,
        sender: { accountNumber: expect.any(String) as string },
      },
      { status: 'ACCEPTED_BY_BANK', outcome: 'IN_PROGRESS', paymentId: expect.any(String) as string },
      { status: 'ACCEPTED_BY_BANK', outcome: 'PAID', postInitiationStatus: 'PROCESSED' },
    ]);
    for (const [first] of states) {
      const { createdAt, recipient, sender } = first ?? ({} as Fields);
      expect({ createdAt, recipient, sender }).toEqual({
        createdAt: expect.any(String) as string,
        recipient: {
          id: `${String(first?.['id'])}:recipient`,
          legalName: expect.any(String) as string,
          displayName: expect.any(String) as string,
          accountNumber: expect.any(String) as string,
          iban: expect.any(String) as string,
          bankName: expect.any(String) as string,
        },
        sender: expect.anything() as object,
      });
    }
  });

  it.each(['v1', 'ksa'] as const)(
    'from the list and the gateway’s records, if Lean has no calls for single payouts: %s',
    async profile => {
      const states = await compareQueries({ lean: profile, sandbox: { profile } });
      expect(states.map(([first]) => first?.['status'])).toEqual([
        'CREATED',
        'ACCEPTED_BY_BANK',
        'ACCEPTED_BY_BANK',
      ]);
    },
  );
});
