import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

/**
 * The checks of GraphQL Cop, a security scanner, with its criteria for a finding.
 * @see https://github.com/dolevf/graphql-cop
 */
describe('GraphQL Cop has no finding for a gateway with default settings', () => {
  let gateway: ListeningGateway;
  beforeAll(async () => {
    gateway = await startListeningGateway();
  });
  afterAll(() => gateway.close());
  afterEach(() => {
    expect(gateway.lean.requests).toEqual([]);
  });

  interface CopResponse {
    readonly status: number;
    readonly headers: Headers;
    readonly text: string;
    readonly data: Readonly<Record<string, unknown>> | null | undefined;
    readonly errors: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
  }

  async function send(url: string, init: RequestInit = {}): Promise<CopResponse> {
    const headers = {
      accept: '*/*',
      'user-agent': 'graphql-cop/1.14',
      ...(init.headers as object | undefined),
    };
    const response = await fetch(url, { ...init, headers });
    const text = await response.text();
    const parsed: unknown =
      response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : {};
    const { data, errors = [] } = parsed as Partial<Pick<CopResponse, 'data' | 'errors'>>;
    return { status: response.status, headers: response.headers, text, data, errors };
  }

  /** Sends an operation as GraphQL Cop does, with the operation name `cop`. */
  function sendQuery(query: string): Promise<CopResponse> {
    return send(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName: 'cop' }),
    });
  }

  const codes = ({ errors }: CopResponse): unknown[] => errors.map(({ extensions }) => extensions?.['code']);
  const inUrl = (query: string): string => `${gateway.url}?${new URLSearchParams({ query }).toString()}`;

  it('except that the server speaks GraphQL', async () => {
    const { data } = await sendQuery('query cop { __typename }');
    expect(data).toEqual({ __typename: 'Query' });
  });

  it('Alias Overloading: 101 aliases of one field', async () => {
    const aliases = Array.from({ length: 101 }, (_, index) => `alias${String(index)}:__typename`).join(' \n');
    const response = await sendQuery(`query cop { ${aliases} }`);
    expect(response.data?.['alias100']).toBeUndefined();
    expect(new Set(codes(response))).toEqual(new Set(['OPERATION_TOO_EXPENSIVE']));
  });

  it('Array-based Query Batching: ten requests in a list', async () => {
    const batch = Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }' }));
    const response = await send(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
    });
    // The scanner counts the members of the response, which may be a list or an object.
    expect(Object.keys(JSON.parse(response.text) as object)).toEqual(['errors']);
    expect(codes(response)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  });

  it('Directive Overloading: ten unknown directives on one field, with one error for each', async () => {
    const response = await sendQuery('query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }');
    expect(response.errors).toHaveLength(1);
    expect(codes(response)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  });

  it('Field Duplication: one field 500 times', async () => {
    const response = await sendQuery(`query cop { ${'__typename \n'.repeat(500)} }`);
    expect(response.data).toBeUndefined();
    expect(new Set(codes(response))).toEqual(new Set(['OPERATION_TOO_EXPENSIVE']));
  });

  it('Introspection-based Circular Query: types of fields of types of fields', async () => {
    const response = await sendQuery(
      'query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    );
    expect(response.data).toBeUndefined();
    expect(codes(response)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  });

  it('Circular Fragment: two fragments that spread each other', async () => {
    const response = await sendQuery(
      'query cop { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
    );
    expect(response.data).toBeUndefined();
    expect(new Set(codes(response))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
  });

  it('Introspection: types and their fields', async () => {
    const response = await sendQuery('query cop { __schema { types { name fields { name } } } }');
    expect(response.data).toBeUndefined();
    expect(new Set(codes(response))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
    expect(response.text).not.toContain('PayoutIntent');
  });

  it('Field Suggestions: misspelt fields', async () => {
    for (const query of ['query cop { __schema { directive } }', 'query cop { payuots { totalCount } }']) {
      const response = await sendQuery(query);
      expect(response.errors.length).toBeGreaterThan(0);
      expect(response.text).not.toContain('Did you mean');
    }
  });

  it('Mutation is allowed over GET: mutations in the URL', async () => {
    for (const query of ['mutation cop {__typename}', 'mutation {__typename}']) {
      const response = await send(inUrl(query));
      expect(response.status).toBe(405);
      expect(response.data).toBeUndefined();
      expect(codes(response)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('POST based url-encoded query: in a form, or in the URL', async () => {
    const query = 'query cop {__typename}';
    const form = new URLSearchParams({ query });
    for (const [url, body] of [
      [gateway.url, form],
      [inUrl(query), undefined],
      [inUrl(query), form],
    ] as const) {
      const response = await send(url, { method: 'POST', ...(body !== undefined && { body }) });
      expect(response.status).toBe(415);
      expect(response.data).toBeUndefined();
      expect(codes(response)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('Trace Mode: traces in the response', async () => {
    const response = await sendQuery('query cop { __typename }');
    expect(JSON.parse(response.text)).toEqual({ data: { __typename: 'Query' } });
    expect(response.text.toLowerCase()).not.toContain('stacktrace');
  });

  it('Unhandled Errors: a document that does not parse', async () => {
    const response = await sendQuery('qwerty cop { abc }');
    expect(response.errors).toHaveLength(1);
    expect(response.errors[0]?.extensions).toEqual({ code: 'GRAPHQL_PARSE_FAILED' });
    expect(response.text.toLowerCase()).not.toMatch(/exception|stack|node_modules/);
  });

  it.each(['/graphiql', '/playground', '/console', '/graphql'])('GraphQL IDE: %s', async path => {
    for (const accept of ['*/*', 'text/html']) {
      const { text, headers } = await send(gateway.origin + path, { headers: { accept } });
      expect(text).not.toMatch(/graphiql\.min\.css|GraphQL Playground|GraphiQL|graphql-playground/);
      expect(headers.get('content-type') ?? '').not.toContain('text/html');
    }
  });

  /**
   * The scanner reports every server that executes queries by GET, because of servers that change data by GET or
   * authenticate by cookies. This gateway executes queries by GET on purpose. It refuses mutations by GET, it does
   * not use cookies, and pages of other origins cannot read the response.
   */
  it('except GET Method Query Support, which is intended and harmless', async () => {
    const response = await send(inUrl('{__typename}'), { headers: { origin: 'https://evil.example' } });
    expect(response.data).toEqual({ __typename: 'Query' });
    expect([...response.headers.keys()].filter(name => /^access-control-|^set-cookie$/.test(name))).toEqual(
      [],
    );
  });
});
