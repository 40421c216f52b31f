import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { masked, maskedJson, maskedProse } from '../../src/payouts/masking.ts';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { startIssuer, type Issuer } from '../support/issuer.ts';
import { leanCreation } from '../support/payout-input.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

describe('a masked account', () => {
  it.each([
    ['AE070331234567890123456', 'AE*****************3456'],
    ['1015000000601', '*********0601'],
    ['123456789', '*****6789'],
    ['12345678', '********'],
    ['', ''],
  ])('%s is %s', (account, shown) => {
    expect(masked(account)).toBe(shown);
  });

  it('has the length of the account, and at most six letters of it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z0-9]{0,34}$/), account => {
        const shown = masked(account);
        expect(shown).toHaveLength(account.length);
        expect(shown.replaceAll('*', '').length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

it('Lean’s JSON is masked in its account fields, and otherwise left as it is to the letter', () => {
  const json = `{ "amount":16.50, "iban" : "AE070331234567890123456",
    "account_number":1015000000601,"recipient_iban": null, "description":"\\"iban\\": \\"AE070331234567890123456\\"",
    "name":"AE07 0331", "bank_transaction_reference":"FT26182ABCDEF12345" }`;
  expect(maskedJson(json)).toBe(
    json
      .replace('"AE070331234567890123456"', '"AE*****************3456"')
      .replace('1015000000601', '"*********0601"'),
  );
  expect(maskedProse('{"message":"AE070331234567890123456 is closed"}')).toBe(
    '{"message":"AE*****************3456 is closed"}',
  );
});

describe('with MASK_IBAN=on', () => {
  let issuer: Issuer;
  let gateway: ListeningGateway;

  beforeAll(async () => {
    issuer = await startIssuer();
    gateway = await startListeningGateway({
      env: { ...issuer.env, REST_PORT: '0', MCP_PORT: '0', MASK_IBAN: 'on' },
    });
  });

  afterAll(async () => {
    await gateway.close();
    await issuer.close();
  });

  const everything = `{
    payouts(first: 3) { nodes { ...P } }
    payout(id: "${examplePayoutId}") { ...P }
    payoutIntent(id: "${exampleIntentId}") { destination { ...D } payout { ...P } }
    _entities(representations: [{ __typename: "PayoutIntent", id: "${exampleIntentId}" }]) {
      ... on PayoutIntent { destination { ...D } }
    }
  }
  fragment P on Payout { recipient { iban accountNumber } sender { iban accountNumber } intent { destination { ...D } } }
  fragment D on PayoutDestination { iban accountNumber }`;

  const surfaces: Readonly<
    Record<string, (headers: Record<string, string>, key: string) => Promise<string>>
  > = {
    async graphql(headers, key) {
      const read = await postOperation(gateway.url, everything, {}, { headers });
      const made = await postOperation(
        gateway.url,
        `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
          ... on PayoutCreated { sender { iban accountNumber } recipient { iban accountNumber } } } }`,
        { input: { ...inputOf(key) } },
        { headers },
      );
      expect([read.errors, made.errors]).toEqual([undefined, undefined]);
      return JSON.stringify([read.data, made.data]);
    },
    async rest(headers, key) {
      const root = `${gateway.restUrl ?? ''}/v1/payouts/v1`;
      const texts = [];
      for (const path of [`/payments?page_size=3`, `/${examplePayoutId}`, `/intents/${exampleIntentId}`])
        texts.push(await (await fetch(`${root}${path}`, { headers })).text());
      const made = await fetch(`${root}/payment`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(leanCreation()),
      });
      return [...texts, await made.text()].join('\n');
    },
    async mcp(headers) {
      const answer = await fetch(gateway.mcpUrl ?? '', {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'lean-getpayout', arguments: { payment_id: examplePayoutId } },
        }),
      });
      return answer.text();
    },
  };

  const inputOf = (idempotencyKey: string) => {
    const [details] = leanCreation().payment_details;
    return {
      idempotencyKey,
      accountId: details?.account_id,
      destinationId: details?.destination_details[0]?.payment_destination_id,
      amount: { amount: '16.50', currency: 'AED' },
      description: 'INV 001',
      authorize: true,
    };
  };

  const account = /(?<![*\w-])(?:[A-Z]{2}\d{21}|\d{10,})(?![\w-])/;
  const shown = /\*{5,}\d{4}/;

  it.each(Object.keys(surfaces))(
    'no account number or IBAN is seen by %s without the scope for it',
    async name => {
      const headers = async (scope: string) => ({ authorization: `Bearer ${await issuer.token({ scope })}` });
      const masking = await surfaces[name]?.(await headers('payouts:read payouts:create'), `masked-${name}`);
      expect(masking).not.toMatch(account);
      expect(masking).toMatch(shown);
      const full = await surfaces[name]?.(
        await headers('payouts:read payouts:create payouts:read_sensitive'),
        `full-${name}`,
      );
      expect(full).toMatch(account);
      expect(full).not.toMatch(shown);
    },
  );
});
