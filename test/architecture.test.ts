import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { folders, mayImport } from '../eslint.arrows.ts';

const pg = 'pg appears in store/postgres.ts alone.';
const sqlite = 'node:sqlite appears in store/sqlite*.ts alone.';
const undici = 'undici appears in lean/upstream-request.ts and lean/connections.ts alone.';
const pothos = 'Pothos appears in schema/ alone.';
const yoga = 'graphql-yoga appears in adapters/ alone.';

const root = join(import.meta.dirname, '..');

it('every folder of src/ has its line in the table of what may import what', () => {
  expect([...folders].sort()).toEqual(Object.keys(mayImport).sort());
});

describe('ESLint', () => {
  let eslint: ESLint;
  beforeAll(() => {
    eslint = new ESLint({ cwd: root });
  });

  async function complaints(file: string, line: string): Promise<string[]> {
    const [result] = await eslint.lintText(`${line}\n`, { filePath: join(root, file) });
    return (result?.messages ?? [])
      .filter(({ ruleId, fatal }) => fatal === true || /arrows|restricted-imports/.test(ruleId ?? ''))
      .map(({ message }) => message);
  }

  const pairs = folders.flatMap(from => folders.filter(to => to !== from).map(to => [from, to] as const));

  it.each(pairs)('knows whether %s/ may import %s/', async (from, to) => {
    const isAllowed = mayImport[from]?.includes(to) === true;
    const expected = isAllowed ? [] : [expect.stringContaining(`${from}/ may not import ${to}/`)];
    const planted = `src/${from}/planted.ts`;
    // Generated files are not linted.
    if (from === 'generated') return;
    expect(await complaints(planted, `import { x } from '../${to}/y.ts';`)).toEqual(expected);
    expect(await complaints(planted, `import type { x } from '../${to}/y.ts';`)).toEqual(expected);
    expect(await complaints(planted, `export * from '../${to}/y.ts';`)).toEqual(expected);
    expect(
      await complaints(`src/${from}/deep/planted.ts`, `import { x } from '../../${to}/deep/y.ts';`),
    ).toEqual(expected);
  });

  it.each(['main', 'dev'])('refuses an import of the entry point %s.ts', async entry => {
    expect(await complaints('src/lean/planted.ts', `import '../${entry}.ts';`)).toEqual([
      expect.stringContaining('entry points'),
    ]);
  });

  it.each([
    ['src/lean/client.ts', 'undici', undici],
    ['src/payouts/planted.ts', 'undici', undici],
    ['src/sandbox/planted.ts', 'undici', undici],
    ['src/composition/gateway.ts', 'undici', undici],
    ['src/lean/connections.ts', '@pothos/core', pothos],
    ['src/adapters/planted.ts', '@pothos/plugin-federation', pothos],
    ['src/store/sqlite.ts', 'pg', pg],
    ['src/payouts/planted.ts', 'pg', pg],
    ['src/store/postgres.ts', 'node:sqlite', sqlite],
    ['src/composition/core.ts', 'node:sqlite', sqlite],
    ['src/schema/planted.ts', 'graphql-yoga', yoga],
  ])('refuses that %s imports %s', async (file, library, message) => {
    expect(await complaints(file, `import { x } from '${library}';`)).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it.each([
    ['src/schema/planted.ts', '@pothos/core'],
    ['src/adapters/planted.ts', 'graphql-yoga'],
    ['src/lean/upstream-request.ts', 'undici'],
    ['src/lean/connections.ts', 'undici'],
    ['src/store/postgres.ts', 'pg'],
    ['src/store/sqlite-transactions.ts', 'node:sqlite'],
    ['src/adapters/graphiql/planted.ts', './operations.ts'],
    ['src/dev.ts', './sandbox/sandbox.ts'],
  ])('lets %s import %s', async (file, imported) => {
    expect(await complaints(file, `import { x } from '${imported}';`)).toEqual([]);
  });

  it('refuses a getter in an object literal, which costs a hidden class for each object', async () => {
    const messages = async (text: string): Promise<string[]> =>
      (await eslint.lintText(`${text}\n`, { filePath: join(root, 'src/adapters/planted.ts') })).flatMap(
        result => result.messages.map(({ message }) => message),
      );
    expect(await messages('export const x = { get y() { return 1; } };')).toEqual([
      expect.stringContaining('make it a class'),
    ]);
    expect(await messages('export class X { get y() { return 1; } }')).toEqual([]);
  });
});

/** The modules of src/, and the modules that each of them imports. */
function imports(): Map<string, readonly string[]> {
  const source = join(root, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  );
  return new Map(
    files.map(file => [
      file,
      ts
        .preProcessFile(readFileSync(join(source, file), 'utf8'))
        .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => relative(source, join(source, dirname(file), fileName))),
    ]),
  );
}

/** Circles of imports, each as the modules on it in order. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (module: string, path: readonly string[]): void => {
    const start = path.indexOf(module);
    if (start >= 0) found.add(path.slice(start).sort().join(' '));
    if (start >= 0 || done.has(module)) return;
    for (const imported of graph.get(module) ?? []) visit(imported, [...path, module]);
    done.add(module);
  };
  for (const module of graph.keys()) visit(module, []);
  return [...found];
}

it('no modules import each other in a circle, but for the two types that Pothos defines by each other', () => {
  expect(
    circles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual(['b c']);
  expect(circles(imports())).toEqual(['schema/payout-intent.ts schema/payout.ts']);
});
