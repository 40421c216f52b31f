import { describe, expect, it, onTestFinished } from 'vitest';
import { startListeningGateway } from '../../../support/running-gateway.ts';

const subscription = 'subscription { payoutUpdated { status } }';

async function start() {
  const gateway = await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: 'secret' } });
  onTestFinished(() => gateway.close());
  const post = async (accept: string, query: string): Promise<Response> =>
    fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query }),
    });
  return { ...gateway, post };
}

describe('a subscription over HTTP', () => {
  it.each([
    'application/json',
    'application/graphql-response+json',
    'multipart/mixed;subscriptionSpec="1.0", application/json',
    'application/json;callbackSpec="1.0"',
    'multipart/mixed',
  ])('is refused with 406 if the caller cannot read server-sent events: accept: %s', async accept => {
    const { post } = await start();
    const response = await post(accept, subscription);
    expect(response.status).toBe(406);
    expect(response.headers.get('content-type')).toMatch(/^application\/.*json/);
    expect(await response.json()).toEqual({
      errors: [
        {
          message:
            'A subscription needs the header accept: text/event-stream, or a WebSocket (graphql-transport-ws).',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
  });

  it.each(['text/event-stream', '*/*', 'text/event-stream, application/json'])(
    'begins at once: accept: %s',
    async accept => {
      const { post } = await start();
      const response = await post(accept, subscription);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      await response.body?.cancel();
    },
  );

  it.each([
    ['an unknown field', 'subscription { nope }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a wrong cursor', 'subscription { payoutUpdated(after: "x") { status } }', 'BAD_USER_INPUT'],
    ['no query', '', 'BAD_USER_INPUT'],
  ])('that is refused before it begins gets a JSON error: %s', async (_name, query, code) => {
    const { post } = await start();
    const response = await post('text/event-stream', query);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  });
});
