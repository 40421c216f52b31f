import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SecuredResponse } from '../../../src/adapters/http/secured-response.ts';

/** The headers of an answer, by name in lower case, each as often as it was sent. */
async function headersOf(write: (response: SecuredResponse) => void): Promise<ReadonlyMap<string, string[]>> {
  const server = createServer({ ServerResponse: SecuredResponse }, (_request, response) => {
    response.always('x-request-id', 'r-1');
    write(response);
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  await answer.text();
  return new Map([...answer.headers].map(([name, value]) => [name, value.split(', ')]));
}

const ways: readonly (readonly [way: string, write: (response: SecuredResponse) => void])[] = [
  [
    'all at once',
    response => response.writeHead(200, { 'x-own': 'mine', 'cache-control': 'max-age=5' }).end(),
  ],
  [
    'in other letters',
    response => response.writeHead(200, { 'X-Own': 'mine', 'Cache-Control': 'max-age=5' }).end(),
  ],
  [
    'with words for the status',
    response => response.writeHead(200, 'Fine', { 'x-own': 'mine', 'cache-control': 'max-age=5' }).end(),
  ],
  ['as an array', response => response.writeHead(200, ['X-Own', 'mine', 'Cache-Control', 'max-age=5']).end()],
  [
    'one by one',
    response => response.setHeader('X-Own', 'mine').setHeader('Cache-Control', 'max-age=5').end(),
  ],
  [
    'in both ways',
    response => response.setHeader('X-Own', 'mine').writeHead(200, { 'Cache-Control': 'max-age=5' }).end(),
  ],
];

it.each(ways)(
  'an answer whose headers come %s has those of every answer too, its own first',
  async (_way, write) => {
    const headers = await headersOf(write);
    expect(headers.get('x-own')).toEqual(['mine']);
    expect(headers.get('cache-control')).toEqual(['max-age=5']);
    expect(headers.get('x-request-id')).toEqual(['r-1']);
    expect(headers.get('x-content-type-options')).toEqual(['nosniff']);
    expect(headers.get('referrer-policy')).toEqual(['no-referrer']);
    expect(headers.get('content-security-policy')).toEqual(["default-src 'none'; frame-ancestors 'none'"]);
  },
);

it('an answer without headers of its own has those of every answer', async () => {
  const headers = await headersOf(response => response.end());
  expect(headers.get('cache-control')).toEqual(['no-store']);
  expect(headers.get('x-content-type-options')).toEqual(['nosniff']);
});
