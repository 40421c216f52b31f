import { readFile } from 'node:fs/promises';
import { Kind, parse, visit, type ConstDirectiveNode, type DocumentNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printSchema, printSchemaWithAuthDirectives } from '../../src/schema/index.ts';
import { startTestGateway } from '../support/test-gateway.ts';

/** The names of the directives in a document, but for `@link` itself. */
function directivesIn(document: DocumentNode): Set<string> {
  const names = new Set<string>();
  visit(document, {
    Directive({ name }) {
      names.add(name.value);
    },
  });
  names.delete('link');
  return names;
}

function importsOf(document: DocumentNode): string[] {
  const imports: string[] = [];
  visit(document, {
    Directive({ name, arguments: given }) {
      const value = given?.find(argument => argument.name.value === 'import')?.value;
      if (name.value === 'link' && value?.kind === Kind.LIST)
        for (const item of value.values) if (item.kind === Kind.STRING) imports.push(item.value);
    },
  });
  return imports;
}

async function sdlOf(env: Record<string, string>): Promise<unknown> {
  const { run, received } = await startTestGateway({ env });
  const results = [await run('{ _service { sdl } }'), await run('{ _service { sdl } }')];
  expect(results[1]).toEqual(results[0]);
  expect(received()).toEqual({});
  return (results[0]?.data?.['_service'] as { sdl: string }).sdl;
}

describe('the SDL', () => {
  it('is schema.graphql by default, letter by letter, also with introspection off', async () => {
    expect(await sdlOf({ INTROSPECTION: 'off' })).toBe(await readFile('schema.graphql', 'utf8'));
  });

  it('has no auth directives by default, and has them with FEDERATION_AUTH_DIRECTIVES=on', async () => {
    expect(printSchema()).not.toMatch(/authenticated|requiresScopes/);
    const sdl = await sdlOf({ FEDERATION_AUTH_DIRECTIVES: 'on' });
    expect(sdl).toBe(printSchemaWithAuthDirectives());
  });

  it.each([
    ['without auth directives', printSchema, ['@key', '@shareable']],
    [
      'with auth directives',
      printSchemaWithAuthDirectives,
      ['@key', '@shareable', '@authenticated', '@requiresScopes'],
    ],
  ])('imports the directives that it uses, %s', (_, print, expected) => {
    const document = parse(print());
    expect(importsOf(document)).toEqual(expected);
    expect(directivesIn(document)).toEqual(new Set(expected.map(name => name.slice(1))));
  });
});

describe('with auth directives', () => {
  const isAuth = ({ name }: ConstDirectiveNode): boolean =>
    name.value === 'authenticated' || name.value === 'requiresScopes';

  it('they are on fields of this subgraph, and not on types or on keys that other subgraphs have as well', () => {
    const withDirectives = new Map<string, number>();
    visit(parse(printSchemaWithAuthDirectives()), {
      ObjectTypeDefinition(type) {
        expect(type.directives?.filter(isAuth)).toEqual([]);
        for (const field of type.fields ?? [])
          withDirectives.set(
            `${type.name.value}.${field.name.value}`,
            field.directives?.filter(isAuth).length ?? 0,
          );
      },
    });
    const without = [...withDirectives].flatMap(([name, count]) => (count === 0 ? [name] : []));
    const typesWithScopes = [
      'Query',
      'Mutation',
      'Subscription',
      'Payout',
      'PayoutIntent',
      'PayoutDestination',
    ];
    expect(without.filter(name => typesWithScopes.includes(name.split('.')[0] ?? ''))).toEqual([
      'Payout.id',
      'Payout.paymentId',
      'Payout.intentId',
      'PayoutDestination.id',
      'PayoutIntent.id',
    ]);
    expect(new Set(withDirectives.values())).toEqual(new Set([0, 2]));
  });
});
