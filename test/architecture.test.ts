import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { folders, allowedImports } from '../eslint.import-boundaries.ts';

const pg = 'pg may be imported only in store/postgres*.ts.';
const sqlite = 'node:sqlite may be imported only in store/sqlite*.ts.';
const undici =
  'undici may be imported only in lean/upstream-request.ts, lean/connection.ts and lean/connections.ts.';
const pothos = 'Pothos may be imported only in schema/.';
const yoga = 'graphql-yoga may be imported only in adapters/.';

const root = join(import.meta.dirname, '..');

it('every folder of src/ has an entry in allowedImports', () => {
  expect([...folders].sort()).toEqual(Object.keys(allowedImports).sort());
});

describe('ESLint', () => {
  let eslint: ESLint;
  beforeAll(() => {
    eslint = new ESLint({ cwd: root });
  });

  async function importErrors(file: string, line: string): Promise<string[]> {
    const [result] = await eslint.lintText(`${line}\n`, { filePath: join(root, file) });
    return (result?.messages ?? [])
      .filter(
        ({ ruleId, fatal }) => fatal === true || /import-boundaries|restricted-imports/.test(ruleId ?? ''),
      )
      .map(({ message }) => message);
  }

  const pairs = folders.flatMap(from => folders.filter(to => to !== from).map(to => [from, to] as const));

  it.each(pairs)('allows %s/ to import %s/ only if allowedImports lists it', async (from, to) => {
    const isAllowed = allowedImports[from]?.includes(to) === true;
    const expected = isAllowed ? [] : [expect.stringContaining(`${from}/ may not import ${to}/`)];
    const file = `src/${from}/example.ts`;
    // Generated files are not linted.
    if (from === 'generated') return;
    expect(await importErrors(file, `import { x } from '../${to}/y.ts';`)).toEqual(expected);
    expect(await importErrors(file, `import type { x } from '../${to}/y.ts';`)).toEqual(expected);
    expect(await importErrors(file, `export * from '../${to}/y.ts';`)).toEqual(expected);
    expect(
      await importErrors(`src/${from}/deep/example.ts`, `import { x } from '../../${to}/deep/y.ts';`),
    ).toEqual(expected);
  });

  it.each(['main', 'dev'])('does not allow an import of the entry point %s.ts', async entry => {
    expect(await importErrors('src/lean/example.ts', `import '../${entry}.ts';`)).toEqual([
      expect.stringContaining('entry points'),
    ]);
  });

  it.each([
    ['src/lean/client.ts', 'undici', undici],
    ['src/payouts/example.ts', 'undici', undici],
    ['src/sandbox/example.ts', 'undici', undici],
    ['src/composition/gateway.ts', 'undici', undici],
    ['src/lean/connections.ts', '@pothos/core', pothos],
    ['src/adapters/example.ts', '@pothos/plugin-federation', pothos],
    ['src/store/sqlite.ts', 'pg', pg],
    ['src/payouts/example.ts', 'pg', pg],
    ['src/store/postgres.ts', 'node:sqlite', sqlite],
    ['src/composition/core.ts', 'node:sqlite', sqlite],
    ['src/schema/example.ts', 'graphql-yoga', yoga],
  ])('does not allow %s to import %s', async (file, library, message) => {
    expect(await importErrors(file, `import { x } from '${library}';`)).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it.each([
    ['src/schema/example.ts', '@pothos/core'],
    ['src/adapters/example.ts', 'graphql-yoga'],
    ['src/lean/upstream-request.ts', 'undici'],
    ['src/lean/connections.ts', 'undici'],
    ['src/store/postgres.ts', 'pg'],
    ['src/store/postgres-lock-session.ts', 'pg'],
    ['src/store/sqlite-transactions.ts', 'node:sqlite'],
    ['src/adapters/graphiql/example.ts', './operations.ts'],
    ['src/dev.ts', './sandbox/sandbox.ts'],
  ])('allows %s to import %s', async (file, imported) => {
    expect(await importErrors(file, `import { x } from '${imported}';`)).toEqual([]);
  });

  it('does not allow a getter in an object literal, which costs a hidden class for each object', async () => {
    const messages = async (text: string): Promise<string[]> =>
      (await eslint.lintText(`${text}\n`, { filePath: join(root, 'src/adapters/example.ts') })).flatMap(
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

/** The import cycles, each as its modules in alphabetical order. */
function importCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
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

it('there are no import cycles, except between the two Pothos types that refer to each other', () => {
  expect(
    importCycles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual(['b c']);
  expect(importCycles(imports())).toEqual(['schema/payout-intent.ts schema/payout.ts']);
});
