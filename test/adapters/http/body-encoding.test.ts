import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createPayoutDocument, leanCreation, payoutInput } from '../../support/payout-input.ts';
import { startListeningGateway } from '../../support/running-gateway.ts';

/* A payout must reach Lean with the letters that the caller wrote. */

const description = 'Café';

/** Starts a gateway with all surfaces, and a function that sends a creation over one of them. */
async function startSurfaces() {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0', MCP_PORT: '0' } });
  onTestFinished(() => gateway.close());
  const { url, restUrl = '', mcpUrl = '', lean } = gateway;
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'lean-createpayoutpayment',
      arguments: { idempotency_key: 'key-1', body: leanCreation({ description }) },
    },
  };
  const targets = {
    GraphQL: [
      url,
      { query: createPayoutDocument, variables: { input: payoutInput('key-1', { description }) } },
    ],
    REST: [`${restUrl}/v1/payouts/v1/payment`, leanCreation({ description })],
    MCP: [mcpUrl, call],
  } as const;
  const post = async (
    surface: keyof typeof targets,
    encoding: 'latin1' | 'utf8',
    headers: Readonly<Record<string, string>>,
  ) => {
    const [target, body] = targets[surface];
    const outgoing = request(target, {
      method: 'POST',
      headers: { accept: 'application/json, text/event-stream', 'idempotency-key': 'key-1', ...headers },
    });
    outgoing.end(Buffer.from(JSON.stringify(body), encoding));
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      outgoing.on('response', resolve).on('error', reject),
    );
    return { status: response.statusCode, text: await textOf(response) };
  };
  return { lean, post };
}

describe.each(['GraphQL', 'REST', 'MCP'] as const)('a payout over %s', surface => {
  it('in UTF-8 reaches Lean with the same letters', async () => {
    const { lean, post } = await startSurfaces();
    const answer = await post(surface, 'utf8', { 'content-type': 'application/json; charset="UTF-8"' });
    expect(answer.status).toBe(200);
    expect(lean.payouts.all()[0]?.description).toBe(description);
  });

  it.each([
    ['bytes that are not UTF-8', 400, { 'content-type': 'application/json' }, 'is not valid UTF-8'],
    [
      'another charset',
      415,
      { 'content-type': 'application/json; charset=iso-8859-1' },
      'The charset \\"iso-8859-1\\" is not supported. Send the body in UTF-8.',
    ],
    [
      'a content-encoding',
      415,
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      'The content-encoding \\"gzip\\" is not supported. Send the body uncompressed.',
    ],
  ])('in %s is refused, and nothing is sent', async (_name, status, headers, message) => {
    const { lean, post } = await startSurfaces();
    const answer = await post(surface, 'latin1', headers);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(message);
    expect(lean.requests).toEqual([]);
  });
});

it('a payout in a form that is not UTF-8 is refused, and nothing is sent', async () => {
  const gateway = await startListeningGateway();
  onTestFinished(() => gateway.close());
  const form = new URLSearchParams({
    query: createPayoutDocument,
    variables: JSON.stringify({ input: payoutInput('key-1', { description }) }),
  });
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'apollo-require-preflight': '1' },
    body: form.toString().replace('%C3%A9', '%E9'),
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('The parameters are not percent-encoded UTF-8.');
  expect(gateway.lean.requests).toEqual([]);
});

it('a payout in a binary frame of a WebSocket is refused, and nothing is sent', async () => {
  const gateway = await startListeningGateway();
  onTestFinished(() => gateway.close());
  const socket = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  const payload = {
    query: createPayoutDocument,
    variables: { input: payoutInput('key-1', { description }) },
  };
  socket.send(Buffer.from(JSON.stringify({ id: '1', type: 'subscribe', payload }), 'latin1'));
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(4400);
  expect(gateway.lean.requests).toEqual([]);
});
