import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maskAccount, maskErrorBody, maskJson, maskText } from '../../src/access/masking.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { startIssuer, type Issuer } from '../support/issuer.ts';
import { leanCreation } from '../support/payout-input.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

describe('an account', () => {
  it.each([
    ['AE070331234567890123456', 'AE*****************3456'],
    ['1015000000601', '*********0601'],
    ['123456789', '*****6789'],
    ['12345678', '********'],
    ['', ''],
  ])('%s is masked to %s', (account, masked) => {
    expect(maskAccount(account)).toBe(masked);
  });

  it('keeps its length and at most six of its characters when it is masked', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z0-9]{0,34}$/), account => {
        const masked = maskAccount(account);
        expect(masked).toHaveLength(account.length);
        expect(masked.replaceAll('*', '').length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

it('the account fields of Lean’s JSON are masked, and all other characters stay unchanged', () => {
  const json = `{ "amount":16.50, "iban" : "AE070331234567890123456",
    "account_number":1015000000601,"recipient_iban": null, "description":"f\\u00fcr \\"Mai\\"",
    "name":"AE07 0331", "bank_transaction_reference":"FT26182ABCDEF12345" }`;
  expect(maskJson(json)).toBe(
    json
      .replace('"AE070331234567890123456"', '"AE*****************3456"')
      .replace('1015000000601', '"*********0601"'),
  );
});

describe('free text of Lean’s', () => {
  it.each([
    ['AE070331234567890123456 is closed', 'AE*****************3456 is closed'],
    ['to (AE07 0331 2345 6789 0123 456).', 'to (AE********************** 456).'],
    ['to AE07-0331-2345-6789-0123456 today', 'to AE*********************3456 today'],
    ['to AE07\u00a00331\u00a02345\u00a06789\u00a00123456.', 'to AE*********************3456.'],
    ['ae070331234567890123456 is closed', 'ae*****************3456 is closed'],
    ['ACC1015000000601 or acct-1015000000601', 'ACC*********0601 or acct-*********0601'],
    ['account 1015000000601 is unknown', 'account *********0601 is unknown'],
    [`payment ${examplePayoutId} of 2026-03-01 failed`, `payment ${examplePayoutId} of 2026-03-01 failed`],
    ['INV 001, 12345678 rows', 'INV 001, 12345678 rows'],
    ['to 1234 5678 9012 3456, again', 'to ***************3456, again'],
    ['to 1234-5678-9012-12.', 'to *************2-12.'],
    ['to 101-50000006-01', 'to ***********6-01'],
    ['to 1234\u00a05678\u00a09012', 'to **********9012'],
    ['ACC1234 5678 9012 closed', 'ACC**********9012 closed'],
    ['to AE07.0331.2345.6789.0123.456.', 'to AE**********************.456.'],
    ['to AE07/0331/2345/6789/0123/456, again', 'to AE**********************/456, again'],
    ['ref_AE07_0331_2345_6789_0123_456_paid', 'ref_AE**********************_456_paid'],
    ['to AE07\u20110331 2345.6789\u20130123/456', 'to AE**********************/456'],
    ['to AE07\u200b0331\u200d2345\ufeff678901\u00ad23456 today', 'to AE*****************3456 today'],
    ['إلى AE٠٧٠٣٣١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦ اليوم', 'إلى AE*****************3456 اليوم'],
    ['AE۰۷ ۰۳۳۱ ۲۳۴۵ ۶۷۸۹ ۰۱۲۳ ۴۵۶', 'AE********************** 456'],
    ['ＡＥ０７０３３１２３４５６７８９０１２３４５６', 'AE*****************3456'],
    ['to GB29.NWBK.6016.1331.9268.19 today', 'to GB*********************8.19 today'],
    ['_gb29nwbk60161331926819_', '_gb****************6819_'],
    ['٠٣٣١٢٣٤٥٦٧ and 101500\u200b0000601', '******4567 and *********0601'],
  ])('%s is masked to %s', (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  it.each([
    'from 2026-03-01 to 2026-03-31 at 10:15:00.123456',
    'for 01-03-2026, 20260301-20260331',
    '2026-03-01T10:15:00.123456Z 2026-03-01',
    'AED 1 234 567.50 or 123 456 789 AED, 12,345,678.90',
    `of ${examplePayoutId} 12345678-1234-1234-1234-123456789012`,
    'error 1234 5678, rows 100 and 200',
    'on 01.03.2026 10.15.30.123, 01/03/2026, 2026/03/01 10:15:00.123456',
    'of AED 1,234,567.50, SR 1234567.50, KWD 12345.678 or SR12345678.90',
    `po_${examplePayoutId}/${examplePayoutId}, pay.${examplePayoutId} at 2026-03-01T10:15:00.123456Z`,
    'PO12/2026/03 was paid, AB12.3.4, 192.168.100.200, https://example.com/v1/payments?page=12',
    'in ١٢ مارس ٢٠٢٦ at ١٠:١٥, 1\u202f234\u202f567 AED, caf\u00e9 \ufb01',
  ])('without an account stays unchanged: %s', text => {
    expect(maskText(text)).toBe(text);
  });

  it.each(['description', 'status_additional_details', 'error_message', 'message'])(
    'is masked in the field %s of responses and errors, also with JSON escapes',
    field => {
      const json = JSON.stringify({ [field]: 'Lines:\nAE070331234567890123456\t"closed"' });
      const masked = JSON.stringify({ [field]: 'Lines:\nAE*****************3456\t"closed"' });
      expect(maskJson(json)).toBe(masked);
      expect(maskErrorBody(json)).toBe(masked);
    },
  );

  it('is masked in every string of an error, whether the error is JSON or not', () => {
    expect(maskErrorBody('<p>AE070331234567890123456, 1015000000601')).toBe(
      '<p>AE*****************3456, *********0601',
    );
    const json = `{"detail":["1015000000601"],"timestamp":1764370000000,"id":"${examplePayoutId}"}`;
    expect(maskErrorBody(json)).toBe(json.replace('1015000000601', '*********0601'));
  });
});

it('a text of a million combining marks is masked in linear time', () => {
  const marks = '\u0316\u0301'.repeat(500_000);
  expect(maskText(`a${marks} AE070331234567890123456`)).toMatch(/ AE\*{17}3456$/);
});

/** The groups of four in which an IBAN is printed. */
const ibanGroups = fc
  .oneof(
    fc.stringMatching(/^(AE\d{21}|SA\d{22}|OM\d{21}|DE\d{20})$/),
    fc.stringMatching(
      /^(KW\d\d[A-Z]{4}\d{22}|QA\d\d[A-Z]{4}\d{21}|BH\d\d[A-Z]{4}\d{14}|GB\d\d[A-Z]{4}\d{14})$/,
    ),
  )
  .map(iban => iban.match(/.{1,4}/g) ?? []);

/** The text between two groups: visible separators in any mixture, an invisible one, or nothing. */
const separators = fc.oneof(
  fc.array(fc.constantFrom(' ', '\n', '\u00a0', '-', '\u2011', '\u2013', '.', '/', '_', '. ', '--'), {
    minLength: 7,
    maxLength: 7,
  }),
  fc
    .constantFrom(
      '',
      '\u200b',
      '\u200c',
      '\u200d',
      '\u2060',
      '\ufeff',
      '\u00ad',
      '\u200e',
      '\u202a',
      '\u2066',
    )
    .map(separator => Array.from({ length: 7 }, () => separator)),
);

/** Writes letters and digits in other forms, which mean the same. */
const spelling = fc.constantFrom<(text: string) => string>(
  text => text,
  text => text.toLowerCase(),
  text => text.replace(/\d/g, digit => String.fromCharCode(0x660 + Number(digit))),
  text => text.replace(/\d/g, digit => String.fromCharCode(0x6f0 + Number(digit))),
  text => text.replace(/[A-Z\d]/g, sign => String.fromCharCode(0xfee0 + sign.charCodeAt(0))),
);

/** Writes JSON with or without escapes for the characters that are not ASCII. */
const escaping = fc.constantFrom<(json: string) => string>(
  json => json,
  json => json.replace(/[\u0080-\uffff]/g, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`),
);

/** The letters, digits and asterisks of a text, in one form. */
function compact(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, digit => String(digit.charCodeAt(0) & 0xf))
    .replace(/[^a-z\d*]/gi, '')
    .toUpperCase();
}

it('free text shows no nine characters in a row of an IBAN, whatever separates its groups, and JSON stays valid', () => {
  fc.assert(
    fc.property(
      ibanGroups,
      separators,
      spelling,
      escaping,
      fc.constantFrom('', '"', 'to ', 'IBAN: ', '_', '(', 'إلى'),
      fc.constantFrom('', '"', '.', ' is closed', '_', '\\"', '\\'),
      (groups, between, spell, escape, before, after) => {
        const iban = groups.join('');
        const written = groups.map((group, index) => (between[index - 1] ?? '') + spell(group)).join('');
        const text = before + written + after;
        const json = escape(JSON.stringify({ message: text, iban: written, data: [text] }));
        const masked = JSON.parse(maskJson(json)) as Record<string, string>;
        const error = JSON.parse(maskErrorBody(json)) as Record<string, string>;
        const shown = [
          maskText(text),
          maskErrorBody(text),
          masked['message'],
          masked['iban'],
          ...Object.values(error),
        ];
        for (const each of shown.map(value => compact(String(value))))
          for (let start = 0; start + 9 <= iban.length; start += 1)
            expect(each).not.toContain(iban.slice(start, start + 9));
      },
    ),
  );
});

it('ids, amounts and times in free text stay unchanged', () => {
  const amount = fc
    .tuple(fc.nat({ max: 99_999_999 }), fc.constantFrom('', '.5', '.50', '.123'))
    .map(parts => parts.join(''));
  const time = fc
    .date({ min: new Date(0), max: new Date(8e12), noInvalidDate: true })
    .map(date => date.toISOString());
  const value = fc.oneof(fc.uuid(), fc.uuid().map(payoutIdOf), amount, time);
  const before = fc.constantFrom(', ', ': ', ' of AED ', ' at ', ' no. ', '/', ' (', '_');
  fc.assert(
    fc.property(fc.array(fc.tuple(before, value), { maxLength: 5 }), parts => {
      const text = `payment${parts.flat().join('')} failed`;
      expect(maskText(text)).toBe(text);
    }),
  );
});

it('an account with an escape near its end is masked, and the JSON stays valid', () => {
  for (const account of [
    '1234567890"12',
    'AE07033123456789012"3456',
    '123456789\\4',
    '123456789\u06634',
    '12345678\n',
  ]) {
    const json = JSON.stringify({ account_number: account, iban: account, amount: 16.5 });
    for (const masked of [maskJson(json), maskErrorBody(json)])
      expect(JSON.parse(masked)).toEqual({
        account_number: maskAccount(account),
        iban: maskAccount(account),
        amount: 16.5,
      });
  }
});

describe('a number of Lean’s', () => {
  it.each([
    ['{"code":123456789012345}', '{"code":"***********2345"}'],
    [
      '{"codes":[123456789, 12345678],"a":{"b":-123456789012345}}',
      '{"codes":["*****6789", 12345678],"a":{"b":"-***********2345"}}',
    ],
    ['{"code":123456789012345.5}', '{"code":"***********2345.5"}'],
    ['{"code":1.23456789012345E14,"rate":1.5e-3}', '{"code":"1.**********2345E14","rate":1.5e-3}'],
    ['123456789012345', '"***********2345"'],
    ['{"limit":12345678.9,"rows":100,"ok":true}', '{"limit":12345678.9,"rows":100,"ok":true}'],
    [
      '{"timestamp" : 1764370000000,"timestamps":1764370000000}',
      '{"timestamp" : 1764370000000,"timestamps":"*********0000"}',
    ],
    [
      '{"timestamp":"1764370000000","x":"\\"timestamp\\":1764370000000"}',
      '{"timestamp":"*********0000","x":"\\"timestamp\\":*********0000"}',
    ],
  ])('in an error is masked like a text: %s', (json, masked) => {
    expect(maskErrorBody(json)).toBe(masked);
    expect(JSON.parse(masked)).toEqual(expect.anything());
  });

  it.each(['1015000000601', '-1015000000601', '1015000000601.5', '1.015000000601e+12', '-1.5E-3', '0'])(
    'in an account field is masked as a whole, and the JSON stays JSON: %s',
    number => {
      for (const mask of [maskJson, maskErrorBody]) {
        const masked = mask(`{"account_number":${number},"iban": ${number}}`);
        expect(JSON.parse(masked)).toEqual({
          account_number: maskAccount(number),
          iban: maskAccount(number),
        });
      }
    },
  );

  it('in a field of free text is masked, and amounts stay numbers', () => {
    expect(maskJson('{"description":1015000000601,"message":42,"amount":1234567890.5}')).toBe(
      '{"description":"*********0601","message":42,"amount":1234567890.5}',
    );
  });

  it('keeps JSON valid, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), json => {
        JSON.parse(maskJson(json));
        JSON.parse(maskErrorBody(json));
      }),
    );
  });
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

  const allAccountFields = `{
    payouts(first: 3) { nodes { ...P } }
    payoutByPayment(paymentId: "${examplePayoutId}") { ...P }
    payout(id: "${payoutIdOf(exampleIntentId)}") { ...P }
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
      const read = await postOperation(gateway.url, allAccountFields, {}, { headers });
      const created = await postOperation(
        gateway.url,
        `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
          ... on PayoutCreated { sender { iban accountNumber } recipient { iban accountNumber } } } }`,
        { input: { ...inputOf(key) } },
        { headers },
      );
      expect([read.errors, created.errors]).toEqual([undefined, undefined]);
      return JSON.stringify([read.data, created.data]);
    },
    async rest(headers, key) {
      const root = `${gateway.restUrl ?? ''}/v1/payouts/v1`;
      const texts = [];
      for (const path of [`/payments?page_size=3`, `/${examplePayoutId}`, `/intents/${exampleIntentId}`])
        texts.push(await (await fetch(`${root}${path}`, { headers })).text());
      const created = await fetch(`${root}/payment`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(leanCreation()),
      });
      return [...texts, await created.text()].join('\n');
    },
    async mcp(headers) {
      const response = await fetch(gateway.mcpUrl ?? '', {
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
      return response.text();
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

  const fullAccount = /(?<![*\w-])(?:[A-Z]{2}\d{21}|\d{10,})(?![\w-])/;
  const maskedAccount = /\*{5,}\d{4}/;

  it.each(Object.keys(surfaces))(
    '%s shows full accounts only with the scope payouts:read_sensitive',
    async name => {
      const headers = async (scope: string) => ({ authorization: `Bearer ${await issuer.token({ scope })}` });
      const masked = await surfaces[name]?.(await headers('payouts:read payouts:create'), `masked-${name}`);
      expect(masked).not.toMatch(fullAccount);
      expect(masked).toMatch(maskedAccount);
      const full = await surfaces[name]?.(
        await headers('payouts:read payouts:create payouts:read_sensitive'),
        `full-${name}`,
      );
      expect(full).toMatch(fullAccount);
      expect(full).not.toMatch(maskedAccount);
    },
  );

  it('account numbers in the free text of a payout are masked by GraphQL and REST', async () => {
    const paymentId = randomUUID();
    gateway.lean.payouts.add({
      paymentId,
      createdAt: '2026-03-01T00:00:00Z',
      steps: [
        {
          at: '2026-03-01T00:00:00Z',
          status: 'FAILED',
          statusDetails: 'AE070331234567890123456 is closed.',
        },
      ],
      description: 'To 1015000000601',
    });
    const headers = { authorization: `Bearer ${await issuer.token({ scope: 'payouts:read' })}` };
    const query = `{ payoutByPayment(paymentId: "${paymentId}") { statusDetails description intent { description } } }`;
    const { data } = await postOperation(gateway.url, query, {}, { headers });
    expect(data).toEqual({
      payoutByPayment: {
        statusDetails: 'AE*****************3456 is closed.',
        description: 'To *********0601',
        intent: { description: 'To *********0601' },
      },
    });
    const rest = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${paymentId}`, { headers });
    expect(await rest.json()).toMatchObject({
      status_additional_details: 'AE*****************3456 is closed.',
      description: 'To *********0601',
    });
  });
});
