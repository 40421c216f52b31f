import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport, type CallToolResult } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startMcpServer } from '../../../src/adapters/mcp/http.ts';
import { toolResult } from '../../../src/adapters/mcp/tool-result.ts';
import { toolsOf } from '../../../src/adapters/mcp/tools.ts';
import type { Environment } from '../../../src/config/config.ts';
import { outcomeRule } from '../../../src/lean/answer-shapes.ts';
import { operations, toolNameOf, type Operation } from '../../../src/lean/operations.ts';
import {
  destinations,
  exampleIntentId,
  examplePayoutId,
  sandboxCredentials,
} from '../../../src/sandbox/fixtures.ts';
import type { OperationCalls } from '../../../src/operations/operation-calls.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { anonymousAuthenticator } from '../../support/anonymous-authenticator.ts';
import { captureLog } from '../../support/log-lines.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../../support/payout-input.ts';
import { commonEnvironment, pathOf } from '../../support/program.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';
import { defaultReference } from '../../support/default-reference.ts';
import { freshFolder } from '../../support/stores.ts';

/** Both eras of the protocol: with an initialize handshake, and without. */
const eras = ['legacy', 'auto'] as const;

async function start(options: { readonly env?: Environment; readonly sandbox?: SandboxOptions } = {}) {
  const gateway = await startListeningGateway({ ...options, env: { MCP_PORT: '0', ...options.env } });
  onTestFinished(() => gateway.close());
  return { ...gateway, mcp: gateway.mcpUrl ?? '' };
}

async function connect(url: string, mode: (typeof eras)[number] = 'auto'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  onTestFinished(() => client.close());
  return client;
}

const call = async (
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<CallToolResult> => (await client.callTool({ name, arguments: args })) as CallToolResult;

const textOf = ({ content }: CallToolResult): string =>
  content.map(block => (block.type === 'text' ? block.text : '')).join('');

it('a batch of messages is refused', async () => {
  const { mcp, lean } = await start();
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'lean-getpayout', arguments: { payment_id: examplePayoutId } },
  };
  const response = await fetch(mcp, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify(Array.from({ length: 100 }, () => message)),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: { code: -32_600, message: expect.stringContaining('no batches') as string },
  });
  expect(lean.requests).toEqual([]);
});

/** Sends a text as a request of its own, and returns the message of the response. */
async function postMessage(url: string, body: string): Promise<{ status: number; message: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body,
  });
  const text = await response.text();
  return { status: response.status, message: JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) };
}

it.each(['1732800000000000', '-1732800000000000', '9007199254740991', '"1732800000000000000"'])(
  'an id and a progress token of %s are accepted, and the answer has the id',
  async id => {
    const { mcp, lean } = await start();
    const { status, message } = await postMessage(
      mcp,
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"lean-getpayout",` +
        `"arguments":{"payment_id":"${examplePayoutId}"},"_meta":{"progressToken":${id}}}}`,
    );
    expect([status, message]).toMatchObject([
      200,
      { id: JSON.parse(id) as unknown, result: { structuredContent: { id: examplePayoutId } } },
    ]);
    expect(lean.requests.map(({ operation }) => operation)).toEqual(['getPayout']);
  },
);

it.each([
  ['{"name":"lean-listpayouts","arguments":"x"}', 'params.arguments must be an object'],
  ['{"name":"lean-listpayouts","arguments":null}', 'params.arguments must be an object'],
  ['{"name":"lean-listpayouts","arguments":[]}', 'params.arguments must be an object'],
  ['{}', 'params.name must be the name of a tool'],
  ['null', 'params must be an object'],
])('a tool call with the params %s is told in one sentence what is wrong', async (params, problem) => {
  const { mcp, lean } = await start();
  const { message } = await postMessage(
    mcp,
    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":${params}}`,
  );
  expect(message).toMatchObject({
    id: 7,
    error: { code: -32_602, message: expect.stringContaining(problem) as string },
  });
  expect(JSON.stringify(message)).not.toContain('\\n');
  expect(lean.requests).toEqual([]);
});

it('an id that is not a safe integer is refused, and nothing is sent', async () => {
  const { mcp, lean } = await start();
  const { status, message } = await postMessage(
    mcp,
    `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"lean-getpayout",` +
      `"arguments":{"payment_id":"${examplePayoutId}"}}}`,
  );
  expect([status, message]).toMatchObject([400, { error: { code: -32_600 } }]);
  expect(lean.requests).toEqual([]);
});

it.each(['123456789012345678', '1234567890.12345678'])(
  'an amount_min of %s as a number reaches Lean with all its digits',
  async digits => {
    const { mcp, lean } = await start();
    const { status } = await postMessage(
      mcp,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lean-listpayouts",` +
        `"arguments":{"amount_min":${digits}}}}`,
    );
    expect(status).toBe(200);
    expect(lean.requests.map(({ query }) => query['amount_min'])).toEqual([digits]);
  },
);

it('an amount of 17 digits as a number reaches Lean with all its digits, under a long id', async () => {
  const { mcp, lean } = await start();
  const body = JSON.stringify(leanCreation({ amount: '@' })).replace('"@"', '123456789012345.67');
  const { message } = await postMessage(
    mcp,
    `{"jsonrpc":"2.0","id":1732800000000000,"method":"tools/call","params":{"name":"lean-createpayoutpayment",` +
      `"arguments":{"idempotency_key":"long","body":${body}}}}`,
  );
  expect(message).toMatchObject({ id: 1_732_800_000_000_000 });
  const sent = lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
  expect(sent.map(({ body }) => body)).toEqual([expect.stringContaining('"amount":123456789012345.67,')]);
});

it.each(['GET', 'PUT', 'PATCH', 'DELETE'])(
  '%s is refused with 405, and its body is not read',
  async method => {
    const { mcp } = await start();
    const response = await fetch(mcp, { method, ...(method !== 'GET' && { body: 'x'.repeat(300_000) }) });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  },
);

it('unknown arguments are refused, also those with names of Object.prototype; at most twenty are listed', async () => {
  const { mcp } = await start();
  const client = await connect(mcp);
  const one = await call(client, 'lean-listpayouts', { constructor: 1 });
  expect(textOf(one)).toContain('Nothing was done. constructor is not known');
  const names = Array.from({ length: 5000 }, (_, index) => [`name${String(index)}`, 1]);
  const many = await call(client, 'lean-listpayouts', Object.fromEntries(names) as Record<string, unknown>);
  expect(textOf(many).match(/is not known/g)).toHaveLength(20);
});

describe.each(eras)('the tools (%s)', era => {
  it('come with instructions that say when a payout is paid', async () => {
    const { mcp } = await start();
    expect((await connect(mcp, era)).getInstructions()).toContain(outcomeRule);
  });

  it('have the names of the capability, and hints about their effects', async () => {
    const { mcp } = await start();
    const { tools } = await (await connect(mcp, era)).listTools();
    expect(
      tools.map(({ name, annotations }) => [
        name,
        annotations?.readOnlyHint,
        annotations?.destructiveHint,
        annotations?.idempotentHint,
      ]),
    ).toEqual([
      ['lean-createpayoutpayment', false, false, false],
      ['lean-listpayouts', true, false, true],
      ['lean-getpayoutpaymenthistory', true, false, true],
      ['lean-getpayout', true, false, true],
      ['lean-getpayoutintent', true, false, true],
    ]);
    for (const { description, title, inputSchema, outputSchema } of tools) {
      expect(title).toBeTruthy();
      expect(description).toMatch(/\.$/);
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: 'object' });
    }
  });

  it('return Lean’s JSON unchanged as text, and structured content that matches their output schema', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp, era);
    const { tools } = await client.listTools();
    const calls: readonly [string, Record<string, unknown>, string][] = [
      [
        'lean-listpayouts',
        { page_size: 3, page_number: 1, amount_min: '100' },
        '/payouts/v1/payments?page_size=3&page_number=1&amount_min=100',
      ],
      ['lean-getpayout', { payment_id: examplePayoutId }, `/payouts/v1/${examplePayoutId}`],
      [
        'lean-getpayoutintent',
        { payment_intent_id: exampleIntentId },
        `/payouts/v1/intents/${exampleIntentId}`,
      ],
      [
        'lean-getpayoutpaymenthistory',
        { payment_id: exampleIntentId },
        `/payouts/v1/payments/${exampleIntentId}/history`,
      ],
    ];
    for (const [name, args, path] of calls) {
      const result = await call(client, name, args);
      const direct = await fetch(`${lean.url}${path}`, {
        headers: { authorization: `Bearer ${sandboxCredentials.token}` },
      });
      expect(result.isError).toBeFalsy();
      expect(textOf(result)).toBe(await direct.text());
      expect(result.structuredContent).toEqual(JSON.parse(textOf(result)));
      expect(
        schemaErrors(tools.find(tool => tool.name === name)?.outputSchema, result.structuredContent),
      ).toEqual([]);
    }
  });

  it('create one payout for repeated calls with one key', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp, era);
    const { tools } = await client.listTools();
    const payoutsBefore = lean.payouts.all().length;
    const args = { idempotency_key: 'key-1', body: leanCreation() };
    const first = await call(client, 'lean-createpayoutpayment', args);
    expect(first.isError).toBeFalsy();
    expect(schemaErrors(tools[0]?.outputSchema, first.structuredContent)).toEqual([]);
    expect(await call(client, 'lean-createpayoutpayment', args)).toEqual(first);
    expect(lean.payouts.all()).toHaveLength(payoutsBefore + 1);
  });
});

it('lists 10 payouts by default, and says so; the default of REST stays that of Lean', async () => {
  const { mcp, restUrl, lean } = await start({ env: { REST_PORT: '0' } });
  const client = await connect(mcp);
  const { tools } = await client.listTools();
  expect(tools.find(({ name }) => name === 'lean-listpayouts')?.inputSchema.properties).toMatchObject({
    page_size: {
      default: 10,
      description: 'Rows of a page, 10 by default. A row takes about 500 tokens, so ask for few.',
    },
  });
  const rowsOf = ({ structuredContent }: CallToolResult): number =>
    (structuredContent as { content: readonly unknown[] }).content.length;
  const results = [];
  for (const args of [{}, { page_size: null }, { page_size: 12, page_number: 0 }])
    results.push(await call(client, 'lean-listpayouts', args));
  const response = await fetch(`${restUrl ?? ''}/v1/payouts/v1/payments`);
  expect([
    ...results.map(rowsOf),
    ((await response.json()) as { content: unknown[] }).content.length,
  ]).toEqual([10, 10, 12, 50]);
  // 20,000 characters are about 5,000 tokens.
  expect(JSON.stringify(results[0]).length).toBeLessThan(20_000);
  expect(lean.requests.map(({ query }) => query['page_size'])).toEqual(['10', '10', '12', undefined]);
});

it('only a refused creation is told how to pay', () => {
  const response = { status: 422, contentType: 'application/json', body: '{"status":"INVALID"}' };
  const read = toolResult({ kind: 'lean', response, retryAfterSeconds: null }, {});
  expect(textOf(read)).toContain('Correct the arguments, or tell the user.');
  expect(textOf(read)).not.toContain('idempotency_key');
});

it.each([
  [404, 'UNKNOWN_PAYMENT_DESTINATION'],
  [400, 'INVALID_PARAMETERS'],
  [409, 'INVALID_ACCOUNT'],
  [422, 'BENEFICIARY_NOT_ACTIVE'],
] as const)(
  'a creation that Lean refuses for good with %i says that nothing was paid, and that a corrected one needs a new key',
  async (status, code) => {
    const { mcp, lean } = await start();
    lean.faults.add({ kind: 'status', status, code, operation: 'createPayoutPayment', times: 1 });
    const client = await connect(mcp);
    const args = { idempotency_key: 'key-1', body: leanCreation() };
    const refused = await call(client, 'lean-createpayoutpayment', args);
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toBe(
      `Lean answered with an error: HTTP ${String(status)}, ${code}. Nothing was paid. The same call would get the ` +
        'same answer. To pay a corrected payout, use a new idempotency_key. Otherwise tell the user.',
    );
    expect(await call(client, 'lean-createpayoutpayment', args)).toEqual(refused);
    const paid = await call(client, 'lean-createpayoutpayment', { ...args, idempotency_key: 'key-2' });
    expect(paid.isError).toBeFalsy();
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(2);
  },
);

it('a creation that Lean answers with 429 is repeated with the same key', async () => {
  const { mcp, lean } = await start();
  lean.faults.add({ kind: 'status', status: 429, retryAfter: 7, operation: 'createPayoutPayment', times: 1 });
  const client = await connect(mcp);
  const args = { idempotency_key: 'key-1', body: leanCreation() };
  expect(textOf(await call(client, 'lean-createpayoutpayment', args))).toMatch(
    /^Lean answered with an error: HTTP 429.* This call paid nothing\. Call again after 7 seconds, with the same body and idempotency_key "key-1"\.$/,
  );
  expect((await call(client, 'lean-createpayoutpayment', args)).isError).toBeFalsy();
});

it('a creation that Lean answers with a number that is not JSON is a success', () => {
  const body = '{"id":"x","account_number":0101338000001}';
  const response = { status: 200, contentType: 'application/json', body };
  const outcome = { kind: 'lean', response, retryAfterSeconds: null, idempotencyKey: 'key-1' } as const;
  expect(toolResult(outcome, {})).toEqual({
    content: [{ type: 'text', text: body }],
    structuredContent: { id: 'x', account_number: '0101338000001' },
    _meta: { idempotencyKey: 'key-1' },
  });
});

describe('a payout that Lean fails within a 200', () => {
  const failing = { payment_destination_id: destinations.failsAtOnce };
  const create = 'lean-createpayoutpayment';

  it('is an error, with Lean’s JSON in its content, also when the call is repeated', async () => {
    const { url, mcp, lean } = await start();
    const client = await connect(mcp);
    const args = { idempotency_key: 'key-1', body: leanCreation(failing) };
    const result = await call(client, create, args);
    expect(result).toMatchObject({
      isError: true,
      content: [
        {
          text: expect.stringMatching(
            /^Lean failed the payout at once.* Nothing was paid\. The same call would get the same answer\./,
          ) as string,
        },
        { text: expect.stringContaining('"payment_status":"FAILED"') as string },
      ],
    });
    expect(result.content).toHaveLength(2);
    expect(await call(client, create, args)).toEqual(result);
    const { data } = await postOperation(url, createPayoutDocument, {
      input: payoutInput('key-1', { destinationId: destinations.failsAtOnce }),
    });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutRejected' } });
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
  });

  it('next to an accepted one is named, and the call is not an error', async () => {
    const { mcp, lean } = await start();
    const transfers = [leanCreation(), leanCreation({ ...failing, description: 'INV 002' })];
    const result = await call(await connect(mcp), create, {
      idempotency_key: 'key-1',
      body: { payment_details: transfers.flatMap(({ payment_details }) => payment_details) },
    });
    expect(result.isError).toBeFalsy();
    expect(result.content).toMatchObject([
      {
        text: expect.stringMatching(
          /not paid: transfer 1.*, counted from 0 in the order of your call\. The others are accepted\./,
        ) as string,
      },
      { text: expect.stringContaining('"payment_status":"CREATED"') as string },
    ]);
    expect(result.structuredContent).toMatchObject({
      payouts_payment_details: [
        { destination_details: { payment_status: 'CREATED' } },
        { destination_details: { payment_status: 'FAILED' } },
      ],
    });
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
  });
});

it('a key creates one payout over GraphQL, REST and MCP', async () => {
  const { url, mcp, restUrl, lean } = await start({ env: { REST_PORT: '0' } });
  const payoutsBefore = lean.payouts.all().length;
  await postOperation(url, createPayoutDocument, { input: payoutInput('key-1') });
  const route = await fetch(`${restUrl ?? ''}/v1/payouts/v1/payment`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
    body: JSON.stringify(leanCreation()),
  });
  const tool = await call(await connect(mcp), 'lean-createpayoutpayment', {
    idempotency_key: 'key-1',
    body: leanCreation({ amount: '16.50' }),
  });
  expect(textOf(tool)).toBe(await route.text());
  expect(lean.payouts.all()).toHaveLength(payoutsBefore + 1);
});

const amountTexts: readonly (readonly [text: string, sent: string | null])[] = [
  ['16.50', '16.50'],
  ['1e3', '1000'],
  ['1E+2', '100'],
  ['1e-1', '0.1'],
  ['123456789012345678', '123456789012345678'],
  ['05', null],
  ['+5', null],
  ['-5', null],
  ['0', null],
  ['1e-3', null],
  ['1234567890123456789', null],
  ['1e18', null],
  ['16,50', null],
  [`1.${'0'.repeat(63)}`, null],
];

it.each(amountTexts)('the amount %j as text reaches Lean as %s from every surface', async (amount, sent) => {
  const { url, mcp, restUrl, lean } = await start({ env: { REST_PORT: '0' } });
  const body = leanCreation({ amount });
  await call(await connect(mcp), 'lean-createpayoutpayment', { idempotency_key: 'by-mcp', body });
  await fetch(`${restUrl ?? ''}/v1/payouts/v1/payment`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'by-rest' },
    body: JSON.stringify(body),
  });
  await postOperation(url, createPayoutDocument, {
    input: payoutInput('by-graphql', { amount: { amount, currency: 'AED' } }),
  });
  const creations = lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
  expect(creations.map(each => /"amount":([^,]*),/.exec(each.body)?.[1])).toEqual(
    sent === null ? [] : [sent, sent, sent],
  );
});

it('the published schema accepts the texts of amounts that are accepted, and no text with another form', async () => {
  const { mcp } = await start();
  const [create] = (await (await connect(mcp)).listTools()).tools;
  const accepted = (amount: string): boolean =>
    schemaErrors(create?.inputSchema, { idempotency_key: 'k', body: leanCreation({ amount }) }).length === 0;
  expect(['16.50', '1e3', '1E+2', '1e-1'].map(accepted)).toEqual([true, true, true, true]);
  expect(['05', '+5', '-5', '16,50', ' 5', '5.', '.5', ''].map(accepted)).not.toContain(true);
});

it.each(['1e3', '1.0E+3', '1000.00', '100000e-2', '1.0000000000000000000e3'])(
  'the amount %s as a JSON number reaches Lean from REST and MCP',
  async digits => {
    const { mcp, restUrl, lean } = await start({ env: { REST_PORT: '0' } });
    const body = JSON.stringify(leanCreation({ amount: '@' })).replace('"@"', digits);
    await postMessage(
      mcp,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lean-createpayoutpayment",` +
        `"arguments":{"idempotency_key":"by-mcp","body":${body}}}}`,
    );
    await fetch(`${restUrl ?? ''}/v1/payouts/v1/payment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'by-rest' },
      body,
    });
    const creations = lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
    expect(creations.map(each => Number(/"amount":([^,]*),/.exec(each.body)?.[1]))).toEqual([1000, 1000]);
  },
);

describe('a failed call', () => {
  it('with invalid arguments names them and what to do, and sends nothing to Lean', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp);
    const wrong: readonly [string, Record<string, unknown>, RegExp][] = [
      ['lean-getpayout', { payment_id: '../payments' }, /payment_id must be a UUID/],
      ['lean-getpayout', {}, /payment_id is missing/],
      ['lean-listpayouts', { page_size: 0 }, /page_size must be a whole number from 1 to 1000/],
      ['lean-listpayouts', { page_size: '1; drop' }, /page_size must be/],
      ['lean-listpayouts', { amount_min: '2', amount_max: 1 }, /amount_min is above amount_max\./],
      [
        'lean-listpayouts',
        { from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' },
        /from is after to\./,
      ],
      ['lean-listpayouts', { status: 'FAILED' }, /status is not known; accepted: page_number/],
      [
        'lean-createpayoutpayment',
        { body: leanCreation() },
        /idempotency_key is missing; it must be 1 to 255/,
      ],
      ['lean-createpayoutpayment', { idempotency_key: 'k' }, /body must be of type object/],
      [
        'lean-createpayoutpayment',
        { idempotency_key: 'k', body: leanCreation({ amount: 0 }) },
        /amount must be above zero/,
      ],
    ];
    for (const [name, args, problem] of wrong) {
      const result = await call(client, name, args);
      expect(result.isError).toBe(true);
      expect(textOf(result)).toMatch(problem);
      expect(textOf(result)).toMatch(/^Nothing was done\. .* Correct this and call again\.$/);
    }
    expect(lean.requests).toEqual([]);
  });

  const transfer = 'body.payment_details.0.destination_details.0';
  const second = 'payment_details.1.destination_details.0';
  const [details] = leanCreation().payment_details;
  it.each([
    [
      { body: leanCreation({ payment_destination_id: 'acme' }) },
      `${transfer}.payment_destination_id must be the id of a destination at Lean: a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6".`,
    ],
    [
      { body: leanCreation({ currency: 'aed' }) },
      `${transfer}.currency must be an ISO 4217 code in capital letters, such as "AED" or "SAR".`,
    ],
    [
      { body: leanCreation({}, { currency: 'aed' }) },
      'body.payment_details.0.currency must be an ISO 4217 code in capital letters, such as "AED" or "SAR".',
    ],
    [
      { body: leanCreation({ currency: 'ABC' }) },
      `${transfer}.currency is not an ISO 4217 currency; send a code such as "AED" or "SAR".`,
    ],
    [
      { body: leanCreation({}, { account_id: 'my account' }) },
      'body.payment_details.0.account_id must be the id of a source account, as the Payouts tab of Lean\'s dashboard names it: 1 to 64 letters, digits, "_" or "-".',
    ],
    [
      { body: leanCreation({ description: 'x'.repeat(40) }) },
      `${transfer}.description has 40 characters; accepted: 1 to 32, not only whitespace.`,
    ],
    [
      { body: leanCreation({ amount: '12345678901234567890' }) },
      `${transfer}.amount is too large; at most 18 digits before the point.`,
    ],
    [
      { body: leanCreation({ amount: '16,50' }) },
      `${transfer}.amount must be a decimal number such as "16.50" or "1.65e1", with a point and without spaces, leading zeros or a leading +, of at most 64 characters.`,
    ],
    [{ body: leanCreation({ amount: -1 }) }, `${transfer}.amount must be above zero.`],
    [
      { body: leanCreation({ amount: undefined }) },
      `${transfer}.amount is missing; it must be of type number or string, such as "16.50".`,
    ],
    [
      { body: leanCreation({ memo: 'x' }) },
      `${transfer}.memo is not known; accepted: payment_destination_id, amount, currency, description, external_reference, authorize_payment.`,
    ],
    [{ memo: 'x' }, 'memo is not known; accepted: idempotency_key, body.'],
    [{ 'idempotency-key': 'other' }, 'idempotency-key is not known; accepted: idempotency_key, body.'],
    [{ body: JSON.stringify(leanCreation()) }, 'body must be of type object, with payment_details.'],
    ...['', ' ', ' key', 7].map(
      key =>
        [
          { idempotency_key: key },
          'idempotency_key must be 1 to 255 printable ASCII characters with no space at either end, such as "order-4711" or a UUID.',
        ] as const,
    ),
    [
      {
        body: {
          payment_details: [
            ...leanCreation({ external_reference: defaultReference('key-1', 1) }).payment_details,
            details,
          ],
        },
      },
      `${transfer}.external_reference must differ from the reference that ${second} has by default, because a transfer is found at Lean by its reference.`,
    ],
  ] as const)('with %j names the argument, and what is accepted', async (change, problem) => {
    const { mcp, lean } = await start();
    const args = { idempotency_key: 'key-1', body: leanCreation(), ...change };
    const result = await call(await connect(mcp), 'lean-createpayoutpayment', args);
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: `Nothing was done. ${problem} Correct this and call again.` }],
      _meta: { code: 'BAD_USER_INPUT' },
    });
    expect(lean.requests).toEqual([]);
  });

  it('says how many transfers there are if they are too many', async () => {
    const { mcp, lean } = await start();
    const body = leanCreation({}, { destination_details: Array.from({ length: 101 }, () => ({})) });
    const args = { idempotency_key: 'key-1', body };
    expect(textOf(await call(await connect(mcp), 'lean-createpayoutpayment', args))).toBe(
      'Nothing was done. body.payment_details has 101 transfers in all; accepted: at most 100. Correct this and call again.',
    );
    expect(lean.requests).toEqual([]);
  });

  it('at Lean is described with Lean’s code and never with Lean’s message', async () => {
    const { mcp, lean } = await start({ env: { LEAN_TIMEOUT_MS: '2000' } });
    const client = await connect(mcp);
    const get = () => call(client, 'lean-getpayout', { payment_id: examplePayoutId });
    for (const [fault, sentence] of [
      [
        { kind: 'status', status: 404, code: 'UNKNOWN_PAYMENT' },
        /HTTP 404, UNKNOWN_PAYMENT.*nothing with this id/,
      ],
      [
        { kind: 'status', status: 400, code: 'INVALID_PARAMETERS' },
        /HTTP 400, INVALID_PARAMETERS.*refused again/,
      ],
      [{ kind: 'status', status: 401 }, /LEAN_UNAUTHORIZED.*Only the operator of the gateway/],
      [{ kind: 'status', status: 302 }, /LEAN_BAD_RESPONSE.*probably fail again/],
      [{ kind: 'status', status: 429, retryAfter: 3000 }, /Wait before/],
      [{ kind: 'status', status: 500 }, /fault at Lean/],
      [{ kind: 'stall', part: 'headers' }, /LEAN_TIMEOUT.*Call again after a second/],
      [{ kind: 'broken_json' }, /LEAN_BAD_RESPONSE.*probably fail again/],
    ] as const) {
      lean.faults.clear();
      lean.faults.add(fault);
      const result = await get();
      expect(result.isError).toBe(true);
      expect(textOf(result)).toMatch(sentence);
      expect(textOf(result)).not.toContain('a fault set in the sandbox');
    }
  });

  it('of a creation names the key to use again', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp);
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    const args = { idempotency_key: 'key-1', body: leanCreation() };
    const lost = await call(client, 'lean-createpayoutpayment', args);
    expect(lost.isError).toBe(true);
    expect(textOf(lost)).toContain('same body and idempotency_key "key-1"');
    expect((await call(client, 'lean-createpayoutpayment', args)).isError).toBeFalsy();
    const refused = await call(client, 'lean-createpayoutpayment', {
      idempotency_key: 'key-2',
      body: leanCreation({ payment_destination_id: destinations.refused }),
    });
    expect(textOf(refused)).toMatch(/HTTP 422, BENEFICIARY_NOT_ACTIVE/);
    lean.faults.add({ kind: 'status', status: 401, operation: 'createPayoutPayment' });
    const unauthorized = await call(client, 'lean-createpayoutpayment', {
      idempotency_key: 'key-3',
      body: leanCreation({ amount: 18 }),
    });
    expect(unauthorized).toMatchObject({ isError: true, _meta: { code: 'LEAN_UNAUTHORIZED' } });
    expect(textOf(unauthorized)).toMatch(
      /This call paid nothing\. Only the operator .* use no other key than idempotency_key "key-3"\.$/,
    );
  });

  it('for a key with another body asks for the original body with the key, and not for a new key', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp);
    const args = { idempotency_key: 'key-1', body: leanCreation() };
    const first = await call(client, 'lean-createpayoutpayment', args);
    const conflict = await call(client, 'lean-createpayoutpayment', {
      ...args,
      body: leanCreation({ amount: 17 }),
    });
    expect(conflict.isError).toBe(true);
    expect(textOf(conflict)).toBe(
      'idempotency_key "key-1" was used before with another body. This call paid nothing, but the earlier one may ' +
        'have. To get its outcome, call with the original body and idempotency_key "key-1". Do not use another key ' +
        'for the same payout. If the user wants a payout in addition to that one, give it its own key. Otherwise tell ' +
        'the user.',
    );
    expect(await call(client, 'lean-createpayoutpayment', args)).toEqual(first);
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
  });

  it('for a key that Lean knows with another body asks for the original body as well', async () => {
    const { mcp, lean } = await start();
    const fault = { kind: 'status', status: 409, code: 'IDEMPOTENCY_KEY_MISMATCH' } as const;
    lean.faults.add({ ...fault, operation: 'createPayoutPayment' });
    const args = { idempotency_key: 'key-1', body: leanCreation() };
    const conflict = await call(await connect(mcp), 'lean-createpayoutpayment', args);
    expect(conflict.isError).toBe(true);
    expect(textOf(conflict)).toContain('call with the original body and idempotency_key "key-1"');
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
  });

  it('of an unknown tool lists the tools', async () => {
    const { mcp } = await start();
    const failure = call(await connect(mcp), 'lean-deletepayout');
    await expect(failure).rejects.toThrow(/no tool of this name; the tools are .*lean-getpayout,/);
  });
});

describe('settings', () => {
  it('MCP_WRITES=off offers and runs no tool that moves money', async () => {
    const { mcp, lean } = await start({ env: { MCP_WRITES: 'off' } });
    const client = await connect(mcp);
    const { tools } = await client.listTools();
    expect(tools.map(({ annotations }) => annotations?.readOnlyHint)).toEqual([true, true, true, true]);
    await call(client, 'lean-createpayoutpayment', { idempotency_key: 'k', body: leanCreation() }).catch(
      () => undefined,
    );
    expect(lean.requests).toEqual([]);
  });

  it('REQUIRE_IDEMPOTENCY_KEY decides whether the key is required', async () => {
    for (const setting of ['on', 'off']) {
      const { mcp } = await start({ env: { REQUIRE_IDEMPOTENCY_KEY: setting } });
      const client = await connect(mcp);
      const [create] = (await client.listTools()).tools;
      expect(create?.inputSchema.required?.includes('idempotency_key')).toBe(setting === 'on');
      const result = await call(client, 'lean-createpayoutpayment', { body: leanCreation() });
      expect(result.isError ?? false).toBe(setting === 'on');
      if (setting === 'off') expect(result._meta?.['idempotencyKey']).toMatch(/^[\da-f-]{36}$/);
    }
  });
});

describe('the MCP listener', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };

  function post(url: string, headers: Record<string, string>, content: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...headers,
          },
        },
        response => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end(content);
    });
  }

  it('serves /mcp and /, and nothing else', async () => {
    const { mcp } = await start();
    const statuses = [];
    for (const path of ['/mcp', '/', '/graphql'])
      statuses.push(await post(new URL(path, mcp).href, {}, JSON.stringify(initialize)));
    expect(statuses).toEqual([200, 200, 404]);
  });

  it.each([{ host: 'evil.example' }, { origin: 'https://evil.example' }, { origin: 'null' }])(
    'refuses a page of another host (%o)',
    async headers => {
      const { mcp } = await start();
      expect(await post(mcp, headers, JSON.stringify(initialize))).toBe(403);
    },
  );

  it('refuses a body above 256 KiB', async () => {
    const { mcp } = await start();
    expect(await post(mcp, {}, JSON.stringify({ ...initialize, more: 'x'.repeat(300_000) }))).toBe(413);
  });

  it.each([
    ['server-initialize', '2025-11-25'],
    ['ping', '2025-11-25'],
    ['tools-list', '2025-11-25'],
    ['tools-list', '2026-07-28'],
    ['dns-rebinding-protection', '2025-11-25'],
    ['dns-rebinding-protection', '2026-07-28'],
    ['http-header-validation', '2026-07-28'],
    ['server-sse-multiple-streams', '2026-07-28'],
  ])(
    'conforms to the protocol: %s of %s',
    async (scenario, version) => {
      const { mcp } = await start();
      const cli = fileURLToPath(new URL('../../../node_modules/.bin/conformance', import.meta.url));
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [cli, 'server', '--url', mcp, '--scenario', scenario, '--spec-version', version],
        { cwd: await freshFolder() },
      );
      expect(stdout).toMatch(/Passed: [1-9]\d*\/\d+, 0 failed/);
    },
    60_000,
  );
});

it.each(eras)('a local agent calls the tools over standard input and output (%s)', async mode => {
  const { lean } = await start();
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [pathOf('main'), 'mcp', '--stdio'],
      env: {
        ...commonEnvironment(),
        LEAN_BASE_URL: lean.url,
        LEAN_API_TOKEN: sandboxCredentials.token,
        DATA_DIR: await freshFolder(),
        LOG_LEVEL: 'debug',
      },
      stderr: 'ignore',
    }),
  );
  onTestFinished(() => client.close());
  expect((await client.listTools()).tools).toHaveLength(5);
  for (const [name, args] of [
    ['lean-listpayouts', {}],
    ['lean-getpayout', { payment_id: examplePayoutId }],
    ['lean-getpayoutintent', { payment_intent_id: exampleIntentId }],
    ['lean-getpayoutpaymenthistory', { payment_id: exampleIntentId }],
  ] as const)
    expect(await call(client, name, args)).toMatchObject({ structuredContent: expect.any(Object) as object });
  const created = await call(client, 'lean-createpayoutpayment', {
    idempotency_key: 'by-stdio',
    body: leanCreation(),
  });
  expect(created.isError).toBeFalsy();
  expect(lean.payouts.all().filter(({ externalReference }) => externalReference === 'by-stdio')).toHaveLength(
    1,
  );
});

describe('a process that serves the tools on standard input and output', () => {
  const initialize = {
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };
  const callOf = (id: number, name: string, args: object) => ({
    id,
    method: 'tools/call',
    params: { name, arguments: args },
  });
  const create = callOf(2, 'lean-createpayoutpayment', { idempotency_key: 'by-pipe', body: leanCreation() });
  const read = callOf(3, 'lean-getpayout', { payment_id: examplePayoutId });

  interface Answer {
    readonly id?: number;
    readonly result?: { readonly isError?: boolean; readonly content?: readonly { readonly text: string }[] };
  }

  /** Starts the process. Its Lean answers slowly. */
  async function startPipe(env: NodeJS.ProcessEnv = {}) {
    const { lean } = await start();
    lean.faults.add({ kind: 'latency', ms: 1000 });
    const child = spawn(process.execPath, [pathOf('main'), 'mcp', '--stdio'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...commonEnvironment(),
        LEAN_BASE_URL: lean.url,
        LEAN_API_TOKEN: sandboxCredentials.token,
        DATA_DIR: await freshFolder(),
        ...env,
      },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const log = readAll(child.stderr);
    const chunks: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    const ended = once(child, 'close') as Promise<[number | null, string | null]>;
    const write = (...messages: readonly object[]): void => {
      for (const message of messages)
        child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    };
    const answers = (): readonly Answer[] =>
      chunks
        .join('')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as Answer);
    const received = (operation: string): number =>
      lean.requests.filter(each => each.operation === operation).length;
    return { child, log, write, ended, answers, received };
  }

  it('writes the answers of all calls in flight when its input ends', async () => {
    const { child, write, ended, answers, received } = await startPipe();
    write(initialize, create, read);
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
    expect(new Map(answers().map(({ id, result }) => [id, result]))).toMatchObject(
      new Map([
        [1, expect.anything()],
        [2, { structuredContent: { payouts_payment_details: [{}] } }],
        [3, { structuredContent: { id: examplePayoutId } }],
      ]),
    );
    expect([received('createPayoutPayment'), received('getPayout')]).toEqual([1, 1]);
  });

  it('logs on standard error which settings have no effect', async () => {
    const { child, log, write, ended, answers } = await startPipe({ RATE_LIMIT_REQUESTS: '60' });
    write(initialize);
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
    expect(answers()).toMatchObject([{ id: 1 }]);
    expect(await log).toContain('RATE_LIMIT_REQUESTS: has no effect, because mcp --stdio serves only');
  });

  it('answers the last call although no newline follows it', async () => {
    const { child, write, ended, answers, received } = await startPipe();
    write(initialize);
    child.stdin.end(JSON.stringify({ jsonrpc: '2.0', ...read }));
    expect(await ended).toEqual([0, null]);
    expect(answers().find(({ id }) => id === 3)?.result?.isError).toBeFalsy();
    expect(answers().map(({ id }) => id)).toContain(3);
    expect(received('getPayout')).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'writes the answer of a payout in flight before %s ends it',
    async signal => {
      const { child, write, ended, answers, received } = await startPipe();
      write(initialize, create);
      await vi.waitUntil(() => received('createPayoutPayment') === 1, 30_000);
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
      const answer = answers().find(({ id }) => id === 2);
      expect(answer).toMatchObject({ result: { structuredContent: { payouts_payment_details: [{}] } } });
      expect(answer?.result?.isError).toBeFalsy();
      expect(received('createPayoutPayment')).toBe(1);
    },
  );

  it('asks for text only if a number has lost digits', async () => {
    const { child, write, ended, answers, received } = await startPipe();
    const long = '1234567890123456.78';
    const withAmount = (id: number, amount: unknown) =>
      callOf(id, 'lean-createpayoutpayment', { idempotency_key: 'k', body: leanCreation({ amount }) });
    write(
      initialize,
      withAmount(2, JSON.rawJSON(long)),
      withAmount(3, '12345678901234567890'),
      callOf(4, 'lean-listpayouts', { amount_min: JSON.rawJSON(long) }),
      callOf(5, 'lean-listpayouts', { amount_min: '-1' }),
    );
    child.stdin.end();
    await ended;
    const texts = new Map(answers().map(({ id, result }) => [id, result?.content?.[0]?.text ?? '']));
    expect(
      [2, 3, 4, 5].map(id => texts.get(id)?.replace(/^Nothing was done\. | Correct this .*$/g, '')),
    ).toEqual([
      'body.payment_details.0.destination_details.0.amount has more than 15 digits, some of which a JSON number may lose; send it as text, such as "16.50".',
      'body.payment_details.0.destination_details.0.amount is too large; at most 18 digits before the point.',
      'amount_min has more than 15 digits, some of which a JSON number may lose; send it as text, such as "16.50".',
      'amount_min must be a decimal number of at least zero, such as "16.50".',
    ]);
    expect([received('createPayoutPayment'), received('listPayouts')]).toEqual([0, 0]);
  });

  it('ends after the payout in flight if its agent has closed both ends or cancelled the call', async () => {
    const { child, write, ended, received } = await startPipe();
    write(initialize, create);
    await vi.waitUntil(() => received('createPayoutPayment') === 1, 30_000);
    write({ method: 'notifications/cancelled', params: { requestId: 2 } });
    child.stdout.destroy();
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
    expect(received('createPayoutPayment')).toBe(1);
  });
});

it('an operation that is added to the operations gets a tool', () => {
  const refund: Operation = {
    ...operations.getPayout,
    name: 'getRefund',
    path: '/payouts/refunds/{refund_id}',
    title: 'One refund',
    parameters: [{ name: 'refund_id', in: 'path', type: 'uuid', required: true, description: 'The refund.' }],
  };
  const tools = toolsOf([...Object.values(operations), refund], { writes: true, requireKey: true });
  expect(tools.at(-1)?.tool).toMatchObject({
    name: toolNameOf(refund),
    title: 'One refund',
    inputSchema: { properties: { refund_id: { format: 'uuid' } }, required: ['refund_id'] },
    annotations: { readOnlyHint: true },
  });
});

describe('a tool call that fails', () => {
  it('through a bug tells the model nothing of it, and is logged', async () => {
    const { log, line } = captureLog();
    const calls = { call: () => Promise.reject(new Error('a secret')) } as unknown as OperationCalls;
    const server = await startMcpServer({
      host: '127.0.0.1',
      port: 0,
      log,
      calls,
      authenticator: anonymousAuthenticator,
      resource: undefined,
      requireKey: true,
      writes: true,
    });
    onTestFinished(() => server.close());
    const client = await connect(`${server.url}/mcp`);
    await expect(call(client, 'lean-listpayouts')).rejects.toMatchObject({
      code: -32_603,
      message: 'Unexpected error.',
    });
    expect(await line(({ msg }) => msg === 'unexpected error')).toMatchObject({
      operation: 'listPayouts',
      err: { message: 'a secret' },
    });
    expect(
      await line(({ operation, msg }) => operation === 'listPayouts' && msg === 'request'),
    ).toMatchObject({
      outcome: 'INTERNAL_SERVER_ERROR',
    });
  });

  it('because Lean cannot be used is logged with its code', async () => {
    const { log, line } = captureLog();
    const gateway = await startListeningGateway({ env: { MCP_PORT: '0' }, log });
    onTestFinished(() => gateway.close());
    gateway.lean.faults.add({ kind: 'broken_json' });
    await call(await connect(gateway.mcpUrl ?? ''), 'lean-getpayout', { payment_id: examplePayoutId });
    expect(await line(({ level, code }) => level === 40 && code !== undefined)).toMatchObject({
      operation: 'getPayout',
      code: 'LEAN_BAD_RESPONSE',
      lean: { retryable: false },
    });
  });
});

describe('a payout whose outcome is unknown', () => {
  const tool = 'lean-createpayoutpayment';

  it('tells a model when to repeat the call, and never to use another key', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp);
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    const result = await call(client, tool, { idempotency_key: 'key-1', body: leanCreation() });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(
      /^It is unknown whether it is paid: do not create another payout or use another key\. .* After .*Z, a repetition sends it again if Lean still does not have it\. Call again with the same body and idempotency_key "key-1" after \d+ seconds\. Tell the user\.$/,
    );
    expect(result._meta).toMatchObject({
      code: 'PAYOUT_OUTCOME_UNKNOWN',
      reason: 'WAITING',
      retryable: true,
      retryAfterSeconds: Number(/after (\d+) seconds/.exec(textOf(result))?.[1]),
    });
  });

  it('names the code of Lean’s refusal', async () => {
    const { mcp, lean } = await start();
    const fault = { kind: 'status', status: 422, code: 'INSUFFICIENT_BALANCE' } as const;
    lean.faults.add({ ...fault, operation: 'createPayoutPayment' });
    const args = { idempotency_key: 'key-1', body: leanCreation() };
    const result = await call(await connect(mcp), tool, args);
    expect(textOf(result)).toMatch(
      /^It is unknown whether it is paid: .* Lean refused the payout \(INSUFFICIENT_BALANCE\).* Call again with the same body and idempotency_key "key-1" after \d+ seconds\. Tell the user\.$/,
    );
  });

  it('tells a model not to repeat what an operator must decide', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp);
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await call(client, tool, { idempotency_key: 'key-1', body: leanCreation() });
    lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, description: 'INV 001' });
    const result = await call(client, tool, { idempotency_key: 'key-1', body: leanCreation() });
    expect(textOf(result)).toContain(
      'An operator must decide: do not repeat it, and never pay it under another key. Tell the user.',
    );
    expect(result._meta).toMatchObject({ code: 'PAYOUT_OUTCOME_UNKNOWN', reason: 'UNCLEAR' });
    expect(result._meta).not.toHaveProperty('retryable');
  });

  it('prevents a model from paying the same under another key', async () => {
    const { mcp, lean } = await start();
    const client = await connect(mcp);
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await call(client, tool, { idempotency_key: 'key-1', body: leanCreation() });
    const result = await call(client, tool, { idempotency_key: 'key-2', body: leanCreation() });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain(
      'Call with the original body and idempotency_key "key-1" to get the outcome of that payout, and tell the user.',
    );
    // A program that repeated this call would pay twice once the first key is settled.
    expect(result._meta).toMatchObject({ code: 'SIMILAR_PAYOUT_UNKNOWN' });
    expect(result._meta).not.toHaveProperty('retryable');
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
  });
});

/** The errors of a value against a JSON Schema. */
function schemaErrors(schema: object | undefined, value: unknown): readonly unknown[] {
  const ajv = new Ajv2020({ allowUnionTypes: true, strict: false });
  const validate = ajv.compile(schema ?? false);
  return validate(value) ? [] : (validate.errors ?? []);
}
