import { readdirSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Rule } from 'eslint';

/** The folders of src/, with the other folders that each of them may import. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  json: [],
  scheduling: [],
  lean: ['errors', 'json', 'scheduling'],
  access: ['errors', 'lean'],
  payouts: ['errors', 'json', 'lean', 'scheduling'],
  store: ['errors', 'payouts'],
  webhooks: ['errors', 'json', 'lean', 'payouts', 'scheduling'],
  operations: ['access', 'errors', 'lean', 'payouts'],
  loaders: ['errors', 'lean', 'payouts'],
  schema: ['access', 'errors', 'json', 'lean', 'loaders', 'payouts'],
  adapters: [
    'access',
    'errors',
    'json',
    'lean',
    'loaders',
    'operations',
    'payouts',
    'scheduling',
    'schema',
    'webhooks',
  ],
  config: ['errors', 'lean', 'payouts', 'store'],
  process: ['config', 'errors'],
  composition: [
    'access',
    'adapters',
    'config',
    'errors',
    'lean',
    'operations',
    'payouts',
    'process',
    'schema',
    'store',
    'webhooks',
  ],
  commands: ['composition', 'errors', 'payouts'],
  sandbox: [],
  generated: [],
};

const source = resolve(import.meta.dirname, 'src');

/** The folders of src/ that exist. */
export const folders: readonly string[] = readdirSync(source, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name);

/** The folder of src/ that contains a file: '' for src/ itself, undefined for a file outside of src/. */
function folderOf(file: string): string | undefined {
  const path = relative(source, file).split(sep);
  if (path[0] === '..') return undefined;
  return path.length === 1 ? '' : path[0];
}

/** Reports imports that `allowedImports` does not list, and every import of an entry point. */
export const importBoundaries: Rule.RuleModule = {
  create(context) {
    const from = folderOf(context.filename);
    if (from === undefined || from === '') return {};
    const check = (node: { readonly source?: { readonly value?: unknown } | null }): void => {
      const name = node.source?.value;
      if (typeof name !== 'string' || !name.startsWith('.')) return;
      const to = folderOf(resolve(dirname(context.filename), name));
      if (to === undefined || to === from || allowedImports[from]?.includes(to) === true) return;
      const message =
        to === ''
          ? 'main.ts and dev.ts are entry points: nothing imports them.'
          : `${from}/ may not import ${to}/ (see eslint.import-boundaries.ts).`;
      context.report({ node: node as never, message });
    };
    return { ImportDeclaration: check, ExportAllDeclaration: check, ExportNamedDeclaration: check } as never;
  },
};
