import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SecuredResponse } from '../../../src/adapters/http/secured-response.ts';

/** Sends a response, and returns its headers by name in lower case, with every value. */
async function headersOf(write: (response: SecuredResponse) => void): Promise<ReadonlyMap<string, string[]>> {
  const server = createServer({ ServerResponse: SecuredResponse }, (_request, response) => {
    response.setDefaultHeader('x-request-id', 'r-1');
    write(response);
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  await response.text();
  return new Map([...response.headers].map(([name, value]) => [name, value.split(', ')]));
}

const variants: readonly (readonly [name: string, write: (response: SecuredResponse) => void])[] = [
  [
    'in writeHead',
    response => response.writeHead(200, { 'x-own': 'mine', 'cache-control': 'max-age=5' }).end(),
  ],
  [
    'in writeHead in upper case',
    response => response.writeHead(200, { 'X-Own': 'mine', 'Cache-Control': 'max-age=5' }).end(),
  ],
  [
    'in writeHead with a status message',
    response => response.writeHead(200, 'Fine', { 'x-own': 'mine', 'cache-control': 'max-age=5' }).end(),
  ],
  [
    'in writeHead as an array',
    response => response.writeHead(200, ['X-Own', 'mine', 'Cache-Control', 'max-age=5']).end(),
  ],
  [
    'in setHeader',
    response => response.setHeader('X-Own', 'mine').setHeader('Cache-Control', 'max-age=5').end(),
  ],
  [
    'in setHeader and writeHead',
    response => response.setHeader('X-Own', 'mine').writeHead(200, { 'Cache-Control': 'max-age=5' }).end(),
  ],
];

it.each(variants)(
  'a response that sets headers %s keeps them, and has the default headers as well',
  async (_name, write) => {
    const headers = await headersOf(write);
    expect(headers.get('x-own')).toEqual(['mine']);
    expect(headers.get('cache-control')).toEqual(['max-age=5']);
    expect(headers.get('x-request-id')).toEqual(['r-1']);
    expect(headers.get('x-content-type-options')).toEqual(['nosniff']);
    expect(headers.get('referrer-policy')).toEqual(['no-referrer']);
    expect(headers.get('content-security-policy')).toEqual(["default-src 'none'; frame-ancestors 'none'"]);
  },
);

it('a response without headers of its own has the default headers', async () => {
  const headers = await headersOf(response => response.end());
  expect(headers.get('cache-control')).toEqual(['no-store']);
  expect(headers.get('x-content-type-options')).toEqual(['nosniff']);
});
