import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startIssuer } from '../../support/issuer.ts';
import { startListeningGateway } from '../../support/running-gateway.ts';

/*
 * The document against the recommended rules of the common linters of OpenAPI, Spectral and Redocly.
 */
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, object>>;
}

interface Document {
  readonly info: object;
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes?: Readonly<Record<string, object>>;
  };
}

type Node = Readonly<Record<string, unknown>>;

/** All objects within a value, with their paths. */
function nodesOf(value: unknown, path = ''): readonly (readonly [string, Node])[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Array.isArray(value) ? [] : [[path, value as Node] as const];
  return [...own, ...Object.entries(value).flatMap(([name, each]) => nodesOf(each, `${path}/${name}`))];
}

/** The paths of the JSON Schemas that have a type and break a rule. */
function schemasThat(document: Document, type: string, breaks: (schema: Node) => boolean): readonly string[] {
  return nodesOf(document)
    .filter(([, node]) => [node['type']].flat().includes(type) && breaks(node))
    .map(([path]) => path);
}

async function start(auth: string): Promise<Document> {
  const issuer = await startIssuer();
  const gateway = await startListeningGateway({
    env: { REST_PORT: '0', ...(auth === 'jwt' && issuer.env) },
  });
  onTestFinished(async () => {
    await gateway.close();
    await issuer.close();
  });
  const response = await fetch(`${gateway.restUrl ?? ''}/openapi.json`);
  expect([response.status, gateway.lean.requests]).toEqual([200, []]);
  return (await response.json()) as Document;
}

describe.each(['none', 'jwt'])('the OpenAPI document with AUTH=%s', auth => {
  it('has items for every array, and a type for the values of every free object', async () => {
    const document = await start(auth);
    expect(schemasThat(document, 'array', ({ items }) => items === undefined)).toEqual([]);
    expect(
      schemasThat(
        document,
        'object',
        ({ properties = {}, additionalProperties }) =>
          Object.keys(properties as object).length === 0 && additionalProperties === undefined,
      ),
    ).toEqual([]);
    expect(document.components.schemas['Problem']).toMatchObject({
      properties: { lean: { type: 'object', additionalProperties: true } },
    });
  });

  it('has examples that their own schemas accept, and requires only properties that are described', async () => {
    const document = await start(auth);
    const ajv = new Ajv2020({ allowUnionTypes: true, strict: false });
    (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
    for (const [path, schema] of nodesOf(document)) {
      for (const example of Array.isArray(schema['examples']) ? (schema['examples'] as unknown[]) : [])
        expect([path, ajv.validate(schema, example)]).toEqual([path, true]);
      if (Array.isArray(schema['required']))
        expect([path, Object.keys(schema['properties'] as object)]).toEqual([
          path,
          expect.arrayContaining(schema['required']),
        ]);
    }
  });

  it('says for every operation who may call it, by security schemes that are defined', async () => {
    const document = await start(auth);
    const defined = Object.keys(document.components.securitySchemes ?? {});
    expect(defined).toEqual(auth === 'jwt' ? ['accessToken'] : []);
    for (const operation of operationsOf(document)) {
      const security = operation.security ?? document.security;
      if (auth === 'jwt')
        expect(JSON.stringify(operation.responses)).toContain(
          `lacks the scope payouts:${operation.operationId === 'createPayoutPayment' ? 'create' : 'read'}`,
        );
      expect(security).toHaveLength(auth === 'jwt' ? 1 : 0);
      for (const requirement of security ?? [])
        // A bearer scheme defines no scopes, so a requirement names none.
        expect(requirement).toEqual(Object.fromEntries(defined.map(name => [name, []])));
    }
  });

  it('names and describes every operation, and has its responses', async () => {
    const document = await start(auth);
    const operations = operationsOf(document);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { operationId, summary, description, tags: own, responses } of operations) {
      expect([operationId, summary, description]).not.toContain('');
      expect(own.length).toBeGreaterThan(0);
      expect(tags).toEqual(expect.arrayContaining([...own]));
      for (const status of [/^2/, /^4\d\d$/, /^4XX$/, /^5/])
        expect(Object.keys(responses)).toContainEqual(expect.stringMatching(status));
    }
    expect(document.info).toMatchObject({
      contact: { name: expect.stringMatching(/./) as string },
      license: { identifier: 'Apache-2.0' },
    });
    expect(document.tags.every(({ description }) => description !== '')).toBe(true);
  });

  it('declares exactly the parameters of every path, each once', async () => {
    const document = await start(auth);
    for (const [path, methods] of Object.entries(document.paths))
      for (const { parameters } of Object.values(methods)) {
        const inPath = parameters.filter(parameter => parameter.in === 'path');
        expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
        expect(inPath.every(({ required }) => required === true)).toBe(true);
        const names = parameters.map(parameter => `${parameter.in} ${parameter.name}`);
        expect(new Set(names).size).toBe(names.length);
        expect(path).not.toMatch(/.\/$|\?/);
      }
    expect(document.servers.every(({ url }) => url === '/' || !url.endsWith('/'))).toBe(true);
  });
});

function operationsOf({ paths }: Document): readonly Operation[] {
  return Object.values(paths).flatMap(methods => Object.values(methods));
}
