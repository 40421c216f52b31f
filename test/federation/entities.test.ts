import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import {
  destinations,
  exampleIntentId,
  examplePayoutId,
  waitingIntentId,
} from '../../src/sandbox/fixtures.ts';
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

  it('are null without an error if Lean does not know the id', async () => {
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

  // The library by itself would leave the promises of the other entities without a handler, and a rejection of one of
  // them would end the process.
  it.each([
    ['an invalid id', { __typename: 'Payout', id: 'x' }, 'representations.2.id'],
    [
      'an id of Lean instead of a payout id',
      { __typename: 'Payout', id: exampleIntentId },
      'representations.2.id',
    ],
    ['an invalid intent id', { __typename: 'Payout', intentId: 'x' }, 'representations.2.intentId'],
    ['an invalid payment id', { __typename: 'Payout', paymentId: 'x' }, 'representations.2.paymentId'],
    ['no key', { __typename: 'Payout' }, 'representations.2'],
    ['a number as an id', { __typename: 'Payout', id: 5 }, 'representations.2.id'],
    ['a list as an id', { __typename: 'PayoutIntent', id: [examplePayoutId] }, 'representations.2.id'],
    ['an invalid id of an intent', { __typename: 'PayoutIntent', id: 'x' }, 'representations.2.id'],
    ['an invalid id of a destination', { __typename: 'PayoutDestination', id: 'x' }, 'representations.2.id'],
    ['an unknown type', { __typename: 'Nothing', id: 'x' }, 'representations.2'],
    ['a type that is not an entity', { __typename: 'PayoutMoney', amount: '1' }, 'representations.2'],
    ['no type', { id: exampleId }, 'representations.2'],
    ['not an object', 42, 'representations.2'],
    ['a type that cannot become a string', { __typename: { toString: 1 } }, 'representations.2'],
  ])('are null with their own error, and do not affect others: %s', async (_name, invalid, argument) => {
    const { run } = await startTestGateway();
    const of = [{ __typename: 'Payout', id: 'x' }, { __typename: 'Payout', id: exampleId }, invalid];
    const { data, errors } = await run(document, { of });
    expect(data).toEqual({ _entities: [null, example, null] });
    const byIndex = [...(errors ?? [])].sort((a, b) => Number(a.path?.[1]) - Number(b.path?.[1]));
    expect(byIndex).toMatchObject([
      { path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT', argument: 'representations.0.id' } },
      { path: ['_entities', 2], extensions: { code: 'BAD_USER_INPUT', argument } },
    ]);
  });

  it('with a deeply nested id have their own error, and do not affect others', async () => {
    const { run } = await startTestGateway();
    const id = `${'['.repeat(28)}1${']'.repeat(28)}`;
    const of = `[{ "__typename": "Payout", "id": ${id} }, ${JSON.stringify({ __typename: 'Payout', id: exampleId })}]`;
    const body = `{ "query": ${JSON.stringify(document)}, "variables": { "of": ${of} } }`;
    const { data, errors } = await run('', {}, { body });
    expect(data).toEqual({ _entities: [null, example] });
    expect(errors).toMatchObject([
      { path: ['_entities', 0], extensions: { code: 'BAD_USER_INPUT', argument: 'representations.0.id' } },
    ]);
  });

  it('with a key of the wrong type have their own error with a code, and do not affect others', async () => {
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

  it.each([
    ['Payout', { id: null }],
    ['Payout', { intentId: null }],
    ['Payout', { paymentId: null }],
    ['Payout', { id: null, intentId: null, paymentId: null }],
    ['Payout', {}],
    ['PayoutIntent', { id: null }],
    ['PayoutDestination', { id: null }],
  ])('whose key is null have their own error, and do not affect others: %s %j', async (__typename, key) => {
    const { run, received } = await startTestGateway();
    const of = [
      { __typename: 'Payout', id: exampleId },
      { __typename, ...key },
    ];
    const { status, data, errors } = await run(document, { of });
    expect({ status, data }).toEqual({ status: 200, data: { _entities: [example, null] } });
    expect(errors).toMatchObject([{ path: ['_entities', 1], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(received()).toEqual({ getPayoutIntent: 1 });
  });

  it.each([
    ['a text', 'Payout'],
    ['a list', [[]]],
  ])('that are %s have their own error, and do not affect others', async (_, representation) => {
    const { run, received } = await startTestGateway();
    const { data, errors } = await run(document, {
      of: [{ __typename: 'Payout', id: exampleId }, representation],
    });
    expect(data).toEqual({ _entities: [example, null] });
    expect(errors).toMatchObject([{ path: ['_entities', 1], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(received()).toEqual({ getPayoutIntent: 1 });
  });

  it('that Lean fails to return have their own error, and do not affect others', async () => {
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

  it('cost one Lean call for each distinct id in all fields of a request', async () => {
    const { run, lean, received } = await startTestGateway({ env: { MAX_UPSTREAM_CALLS: '20' } });
    const intentIds = lean.payouts
      .all()
      .slice(0, 20)
      .map(({ intentId }) => intentId);
    const query = /* GraphQL */ `
      query ($of: [_Any!]!, $again: [_Any!]!) {
        _e0: _entities(representations: $of) {
          ... on Payout {
            id
          }
        }
        _e1: _entities(representations: $again) {
          ... on Payout {
            intentId
          }
        }
      }
    `;
    const of = intentIds.map(id => ({ __typename: 'Payout', id: payoutIdOf(id) }));
    const { data, errors } = await run(query, { of, again: of });
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      _e0: intentIds.map(id => ({ id: payoutIdOf(id) })),
      _e1: intentIds.map(intentId => ({ intentId })),
    });
    expect(received()).toEqual({ getPayoutIntent: 20 });
  });

  it('of destinations and intents cost one Lean call for each distinct id', async () => {
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
