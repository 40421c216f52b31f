import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId, examplePayoutId, waitingIntentId } from '../../src/sandbox/named.ts';
import { startTestGateway } from '../support/test-gateway.ts';

const document = /* GraphQL */ `
  query ($of: [_Any!]!) {
    _entities(representations: $of) {
      __typename
      ... on Payout {
        id
        intentId
      }
      ... on PayoutIntent {
        intent: id
      }
      ... on PayoutDestination {
        destination: id
      }
    }
  }
`;

const unknownId = 'b0000000-0000-4000-8000-000000000999';
const exampleId = payoutIdOf(exampleIntentId);
const example = { __typename: 'Payout', id: exampleId, intentId: exampleIntentId };

describe('entities', () => {
  it('are found by each of their keys', async () => {
    const { run } = await startTestGateway();
    const of = [
      { __typename: 'Payout', id: exampleId },
      { __typename: 'Payout', intentId: exampleIntentId },
      { __typename: 'Payout', paymentId: examplePayoutId },
      { __typename: 'Payout', id: payoutIdOf(waitingIntentId) },
      { __typename: 'PayoutIntent', id: exampleIntentId },
      { __typename: 'PayoutDestination', id: destinations.pays },
    ];
    expect(await run(document, { of })).toEqual({
      status: 200,
      data: {
        _entities: [
          example,
          example,
          example,
          { __typename: 'Payout', id: payoutIdOf(waitingIntentId), intentId: waitingIntentId },
          { __typename: 'PayoutIntent', intent: exampleIntentId },
          { __typename: 'PayoutDestination', destination: destinations.pays },
        ],
      },
    });
  });

  it('are null without an error where Lean does not know the id', async () => {
    const { run } = await startTestGateway();
    const of = [
      { __typename: 'Payout', id: payoutIdOf(unknownId) },
      { __typename: 'Payout', intentId: unknownId },
      { __typename: 'Payout', paymentId: unknownId },
      { __typename: 'PayoutIntent', id: unknownId },
      { __typename: 'PayoutDestination', id: unknownId },
    ];
    expect(await run(document, { of })).toEqual({
      status: 200,
      data: { _entities: [null, null, null, null, null] },
    });
  });

  // By itself the library lets one of these end the process: what was begun for the others has nobody to hear it fail.
  it.each([
    ['an id that is none', { __typename: 'Payout', id: 'x' }, 'id'],
    ['a bare id of Lean’s for an id', { __typename: 'Payout', id: exampleIntentId }, 'id'],
    ['an intent id that is none', { __typename: 'Payout', intentId: 'x' }, 'intentId'],
    ['a payment id that is none', { __typename: 'Payout', paymentId: 'x' }, 'paymentId'],
    ['no key', { __typename: 'Payout' }, 'representations'],
    ['a number for an id', { __typename: 'Payout', id: 5 }, 'id'],
    ['a list for an id', { __typename: 'PayoutIntent', id: [examplePayoutId] }, 'id'],
    ['an intent whose id is none', { __typename: 'PayoutIntent', id: 'x' }, 'id'],
    ['a destination whose id is none', { __typename: 'PayoutDestination', id: 'x' }, 'id'],
    ['a type that there is none of', { __typename: 'Nothing', id: 'x' }, 'representations'],
    ['a type that is no entity', { __typename: 'PayoutMoney', amount: '1' }, 'representations'],
    ['no type', { id: exampleId }, 'representations'],
    ['no object', 42, 'representations'],
    ['a type that makes no text', { __typename: { toString: 1 } }, 'representations'],
  ])('with %s are null for themselves alone, with an error in their place', async (_what, bad, argument) => {
    const { run } = await startTestGateway();
    const of = [{ __typename: 'Payout', id: 'x' }, { __typename: 'Payout', id: exampleId }, bad];
    const { data, errors } = await run(document, { of });
    expect(data).toEqual({ _entities: [null, example, null] });
    const byPlace = [...(errors ?? [])].sort((a, b) => Number(a.path?.[1]) - Number(b.path?.[1]));
    expect(byPlace).toMatchObject([
      { path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT', argument: 'id' } },
      { path: ['_entities', 2], extensions: { code: 'BAD_USER_INPUT', argument } },
    ]);
  });

  it('with an id that is nested deeply fail for themselves alone', async () => {
    const { run } = await startTestGateway();
    const id = `${'['.repeat(28)}1${']'.repeat(28)}`;
    const of = `[{ "__typename": "Payout", "id": ${id} }, ${JSON.stringify({ __typename: 'Payout', id: exampleId })}]`;
    const body = `{ "query": ${JSON.stringify(document)}, "variables": { "of": ${of} } }`;
    const { data, errors } = await run('', {}, { body });
    expect(data).toEqual({ _entities: [null, example] });
    expect(errors).toMatchObject([
      { path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT', argument: 'id' } },
    ]);
  });

  it('with a key of the wrong type fail for themselves alone, with a code', async () => {
    const { run } = await startTestGateway();
    const of = [
      { __typename: 'Payout', id: 1 },
      { __typename: 'Payout', id: exampleId },
    ];
    const { data, errors } = await run(document, { of });
    expect(data).toEqual({ _entities: [null, example] });
    expect(errors).toMatchObject([
      { path: ['_entities', 0], extensions: { code: expect.any(String) as string } },
    ]);
  });

  it('that Lean fails to give have their own error, and the others are answered', async () => {
    const { run, lean } = await startTestGateway();
    lean.faults.add({ kind: 'status', status: 418, operation: 'getPayoutIntent' });
    const of = [
      { __typename: 'PayoutIntent', id: exampleIntentId },
      { __typename: 'Payout', paymentId: examplePayoutId },
    ];
    const { data, errors } = await run(document, { of });
    expect(data).toEqual({ _entities: [null, example] });
    expect(errors).toMatchObject([{ path: ['_entities', 0], extensions: { code: 'LEAN_REFUSED' } }]);
  });

  it('cost one Lean call for each distinct id', async () => {
    const { run, lean, received } = await startTestGateway();
    const ids = lean.payouts
      .all()
      .slice(0, 20)
      .map(({ intentId }) => payoutIdOf(intentId));
    const of = [...ids, ...ids, ...ids].map(id => ({ __typename: 'Payout', id }));
    const { data, errors } = await run(document, { of });
    expect(errors).toBeUndefined();
    expect((data?.['_entities'] as { id: string }[]).map(({ id }) => id)).toEqual([...ids, ...ids, ...ids]);
    expect(received()).toEqual({ getPayoutIntent: 20 });
  });

  it('of a destination and of an intent cost one Lean call for each distinct id', async () => {
    const { run, received } = await startTestGateway();
    const of = [
      { __typename: 'PayoutDestination', id: destinations.pays },
      { __typename: 'PayoutDestination', id: destinations.slow },
      { __typename: 'PayoutDestination', id: destinations.pays },
      { __typename: 'PayoutIntent', id: exampleIntentId },
      { __typename: 'Payout', intentId: exampleIntentId },
      { __typename: 'Payout', id: exampleId },
    ];
    const { errors } = await run(document, { of });
    expect(errors).toBeUndefined();
    expect(received()).toEqual({ getDestination: 2, getPayoutIntent: 1 });
  });
});

describe('_service', () => {
  it('gives the schema that is composed, also with introspection off', async () => {
    const { run } = await startTestGateway({ env: { INTROSPECTION: 'off' } });
    const { data } = await run('{ _service { sdl } }');
    const { sdl } = data?.['_service'] as { sdl: string };
    expect(sdl).toMatch(
      /type Payout\s+@key\(fields: "id"\)\s+@key\(fields: "intentId"\)\s+@key\(fields: "paymentId"\)/,
    );
  });
});
