import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  acceptedTypes,
  refusesSomeType,
  resultContentType,
} from '../../../../src/adapters/graphql/request/content-negotiation.ts';
import { startIssuer } from '../../../support/issuer.ts';
import { startTestGateway } from '../../../support/test-gateway.ts';

const allTypes = [
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed',
];

describe('an Accept header', () => {
  it.each([undefined, '', '*/*', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'])(
    'accepts every type if it is missing, is empty or has */*: %s',
    accept => {
      expect(acceptedTypes(accept)).toEqual(allTypes);
    },
  );

  it.each([
    ['application/json;q=0', []],
    ['application/json; q=0.000', []],
    ['application/json;Q=0', []],
    ['*/*;q=0', []],
    ['*/*;q=0, application/json', ['application/json']],
    ['application/json, */*;q=0', ['application/json']],
    ['application/*;q=0, */*', ['text/event-stream', 'multipart/mixed']],
    ['*/*, application/json;q=0', allTypes.slice(1)],
    ['application/json;charset=utf-8;q=0, text/event-stream', ['text/event-stream']],
  ])('does not accept a type with q=0: %s', (accept, types) => {
    expect(acceptedTypes(accept)).toEqual(types);
    expect(refusesSomeType(accept)).toBe(true);
  });

  it.each(['application/json;q=0.1', 'application/json;q=1', 'application/json;q=', 'application/json;xq=0'])(
    'accepts a type with another weight: %s',
    accept => {
      expect(acceptedTypes(accept)).toEqual(['application/json']);
      expect(refusesSomeType(accept)).toBe(false);
    },
  );

  it('prefers the type that it names first', () => {
    const [json, graphql] = ['application/json', 'application/graphql-response+json'];
    expect(resultContentType(acceptedTypes(`${json}, ${graphql}`))).toBe(`${json}; charset=utf-8`);
    expect(resultContentType(acceptedTypes(`${graphql}, ${json}`))).toBe(`${graphql}; charset=utf-8`);
    expect(resultContentType(acceptedTypes('text/event-stream'))).toBeUndefined();
  });

  it.each([
    ['application/json, application/graphql-response+json', 'application/json'],
    ['application/graphql-response+json, application/json', 'application/graphql-response+json'],
    ['application/json;q=0, application/*', 'application/graphql-response+json'],
    ['text/event-stream', 'application/json'],
  ])('decides the type of a refusal as that of a result: %s', async (accept, type) => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const { url } = await startTestGateway({ env: issuer.env });
    const headers = { accept, 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' });
    expect([response.status, response.headers.get('content-type')]).toEqual([401, `${type}; charset=utf-8`]);
  });

  it('without q=0 is understood as Yoga understands it', async () => {
    const { graphql } = await startTestGateway();
    const range = fc.constantFrom(
      ...allTypes,
      '*/*',
      'application/*',
      'text/*',
      'multipart/*',
      '*/json',
      '*/mixed',
      'text/html',
      'text/event-stream-2',
      'application/graphql-response',
      '*',
      'json',
      '',
    );
    const parameter = fc.constantFrom('', ';q=0.5', '; q=1', ';charset=utf-8', ';charset=latin1', ' ');
    const header = fc
      .array(
        fc.tuple(range, parameter).map(parts => parts.join('')),
        { minLength: 1, maxLength: 5 },
      )
      .map(ranges => ranges.join(', ').trim());
    await fc.assert(
      fc.asyncProperty(header, async accept => {
        const response = await graphql.fetch('http://gateway/graphql?query={__typename}', {
          headers: { accept },
        });
        await response.text();
        const accepted = acceptedTypes(accept);
        expect(response.status).toBe(accepted.length === 0 ? 406 : 200);
        const type = response.headers.get('content-type');
        const contentType = resultContentType(accepted);
        if (contentType !== undefined) expect(type).toBe(contentType);
        else if (accepted.includes('multipart/mixed')) expect(type).toMatch(/^multipart\/mixed/);
        else if (accepted.length > 0) expect(type).toMatch(/^text\/event-stream/);
      }),
      { numRuns: 300 },
    );
  });
});
