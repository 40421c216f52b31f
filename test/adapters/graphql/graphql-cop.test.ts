import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

/**
 * What GraphQL Cop asks of a server, and what it takes for a finding.
 * @see https://github.com/dolevf/graphql-cop
 */
describe('GraphQL Cop finds nothing at a gateway as it is started', () => {
  let gateway: ListeningGateway;
  beforeAll(async () => {
    gateway = await startListeningGateway();
  });
  afterAll(() => gateway.close());
  // Whatever it tries stays between it and us.
  afterEach(() => {
    expect(gateway.lean.requests).toEqual([]);
  });

  interface Heard {
    readonly status: number;
    readonly headers: Headers;
    readonly text: string;
    readonly data: Readonly<Record<string, unknown>> | null | undefined;
    readonly errors: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
  }

  async function hear(url: string, init: RequestInit = {}): Promise<Heard> {
    const headers = {
      accept: '*/*',
      'user-agent': 'graphql-cop/1.14',
      ...(init.headers as object | undefined),
    };
    const response = await fetch(url, { ...init, headers });
    const text = await response.text();
    const parsed: unknown =
      response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : {};
    const { data, errors = [] } = parsed as Partial<Pick<Heard, 'data' | 'errors'>>;
    return { status: response.status, headers: response.headers, text, data, errors };
  }

  /** All its operations are called `cop`, and sent with that name. */
  function ask(query: string): Promise<Heard> {
    return hear(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName: 'cop' }),
    });
  }

  const codes = ({ errors }: Heard): unknown[] => errors.map(({ extensions }) => extensions?.['code']);
  const inUrl = (query: string): string => `${gateway.url}?${new URLSearchParams({ query }).toString()}`;

  it('although it sees that there is GraphQL', async () => {
    const { data } = await ask('query cop { __typename }');
    expect(data).toEqual({ __typename: 'Query' });
  });

  it('Alias Overloading: 101 aliases of one field', async () => {
    const aliases = Array.from({ length: 101 }, (_, index) => `alias${String(index)}:__typename`).join(' \n');
    const heard = await ask(`query cop { ${aliases} }`);
    expect(heard.data?.['alias100']).toBeUndefined();
    expect(new Set(codes(heard))).toEqual(new Set(['OPERATION_TOO_EXPENSIVE']));
  });

  it('Array-based Query Batching: ten requests in a list', async () => {
    const batch = Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }' }));
    const heard = await hear(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
    });
    // It counts the members of the answer, be that a list or an object.
    expect(Object.keys(JSON.parse(heard.text) as object)).toEqual(['errors']);
    expect(codes(heard)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  });

  it('Directive Overloading: ten directives that are told of by ten errors', async () => {
    const heard = await ask('query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }');
    expect(heard.errors).toHaveLength(1);
    expect(codes(heard)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  });

  it('Field Duplication: one field 500 times', async () => {
    const heard = await ask(`query cop { ${'__typename \n'.repeat(500)} }`);
    expect(heard.data).toBeUndefined();
    expect(new Set(codes(heard))).toEqual(new Set(['OPERATION_TOO_EXPENSIVE']));
  });

  it('Introspection-based Circular Query: types of fields of types', async () => {
    const heard = await ask(
      'query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    );
    expect(heard.data).toBeUndefined();
    expect(codes(heard)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  });

  it('Circular Fragment: two fragments that hold each other', async () => {
    const heard = await ask(
      'query cop { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
    );
    expect(heard.data).toBeUndefined();
    expect(new Set(codes(heard))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
  });

  it('Introspection', async () => {
    const heard = await ask('query cop { __schema { types { name fields { name } } } }');
    expect(heard.data).toBeUndefined();
    expect(new Set(codes(heard))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
    expect(heard.text).not.toContain('PayoutIntent');
  });

  it('Field Suggestions: a field of the schema’s that is misspelt', async () => {
    for (const query of ['query cop { __schema { directive } }', 'query cop { payuots { totalCount } }']) {
      const heard = await ask(query);
      expect(heard.errors.length).toBeGreaterThan(0);
      expect(heard.text).not.toContain('Did you mean');
    }
  });

  it('Mutation is allowed over GET', async () => {
    for (const query of ['mutation cop {__typename}', 'mutation {__typename}']) {
      const heard = await hear(inUrl(query));
      expect(heard.status).toBe(405);
      expect(heard.data).toBeUndefined();
      expect(codes(heard)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('POST based url-encoded query: as a form, or in the address', async () => {
    const query = 'query cop {__typename}';
    const form = new URLSearchParams({ query });
    for (const [url, body] of [
      [gateway.url, form],
      [inUrl(query), undefined],
      [inUrl(query), form],
    ] as const) {
      const heard = await hear(url, { method: 'POST', ...(body !== undefined && { body }) });
      expect(heard.status).toBe(415);
      expect(heard.data).toBeUndefined();
      expect(codes(heard)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('Trace Mode: what an answer tells beside what it was asked', async () => {
    const heard = await ask('query cop { __typename }');
    expect(JSON.parse(heard.text)).toEqual({ data: { __typename: 'Query' } });
    expect(heard.text.toLowerCase()).not.toContain('stacktrace');
  });

  it('Unhandled Errors: what does not parse', async () => {
    const heard = await ask('qwerty cop { abc }');
    expect(heard.errors).toHaveLength(1);
    expect(heard.errors[0]?.extensions).toEqual({ code: 'GRAPHQL_PARSE_FAILED' });
    expect(heard.text.toLowerCase()).not.toMatch(/exception|stack|node_modules/);
  });

  it.each(['/graphiql', '/playground', '/console', '/graphql'])('GraphQL IDE: %s', async path => {
    for (const accept of ['*/*', 'text/html']) {
      const { text, headers } = await hear(gateway.origin + path, { headers: { accept } });
      expect(text).not.toMatch(/graphiql\.min\.css|GraphQL Playground|GraphiQL|graphql-playground/);
      expect(headers.get('content-type') ?? '').not.toContain('text/html');
    }
  });

  /**
   * It takes every answer to a query by GET for a finding, because of servers that do by GET what changes something, or
   * that know their callers by cookies. Queries by GET are meant to be answered here. Neither holds for them: mutations
   * are refused, as above, and nobody is known by what a browser sends of itself; and no page may read the answer.
   */
  it('but for GET Method Query Support, which is meant and does no harm', async () => {
    const heard = await hear(inUrl('{__typename}'), { headers: { origin: 'https://evil.example' } });
    expect(heard.data).toEqual({ __typename: 'Query' });
    expect([...heard.headers.keys()].filter(name => /^access-control-|^set-cookie$/.test(name))).toEqual([]);
  });
});
