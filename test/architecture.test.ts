import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const lean = "lean/ is Lean's wire and nothing else: it imports nothing of ours.";
const payouts = 'payouts/ is the core: it imports only lean/.';
const loaders = 'loaders/ imports only payouts/ and lean/.';
const schema = 'schema/ imports loaders/, payouts/ and lean/; nothing imports adapters/ but gateway.ts.';
const adapters = 'adapters/ know Lean only through lean/; the sandbox is a Lean, not a part of us.';
const sandbox = "sandbox/ speaks Lean's wire and imports nothing of the gateway.";
const store = 'store/ keeps what payouts/ wants kept, and imports nothing else.';
const commands = 'commands/ go straight to the core: no GraphQL, no HTTP.';
const roots =
  'Only main.ts, dev.ts, gateway.ts and core.ts put things together; all others receive what they need.';
const pg = 'pg appears in store/postgres.ts alone.';
const sqlite = 'node:sqlite appears in store/sqlite*.ts alone.';
const undici = 'undici appears in lean/exchange.ts and lean/connections.ts alone.';
const pothos = 'Pothos appears in schema/ alone.';
const yoga = 'graphql-yoga appears in adapters/ alone.';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('an import against the arrows is told by the rule that it breaks', () => {
  let eslint: ESLint;
  beforeAll(() => {
    eslint = new ESLint({ cwd: root });
  });

  async function complaints(file: string, line: string): Promise<string[]> {
    const [result] = await eslint.lintText(`${line}\n`, { filePath: `${root}${file}` });
    return (result?.messages ?? [])
      .filter(({ ruleId, fatal }) => fatal === true || ruleId?.includes('restricted-imports') === true)
      .map(({ message }) => message);
  }

  const broken: readonly (readonly [file: string, imported: string, message: string])[] = [
    ['src/lean/planted.ts', '../payouts/money.ts', lean],
    ['src/lean/planted.ts', '../loaders/by-key.ts', lean],
    ['src/lean/planted.ts', '../schema/index.ts', lean],
    ['src/lean/planted.ts', '../adapters/graphql.ts', lean],
    ['src/lean/planted.ts', '../sandbox/sandbox.ts', lean],
    ['src/lean/transport.ts', '../payouts/money.ts', lean],
    ['src/lean/deep/planted.ts', '../../payouts/money.ts', lean],
    ['src/payouts/planted.ts', '../store/database.ts', payouts],
    ['src/payouts/planted.ts', '../commands/payouts.ts', payouts],
    ['src/store/planted.ts', '../lean/client.ts', store],
    ['src/store/planted.ts', '../schema/index.ts', store],
    ['src/store/planted.ts', '../commands/payouts.ts', store],
    ['src/store/postgres.ts', '../lean/client.ts', store],
    ['src/commands/planted.ts', '../schema/index.ts', commands],
    ['src/commands/planted.ts', '../adapters/graphql.ts', commands],
    ['src/commands/planted.ts', '../sandbox/named.ts', commands],
    ['src/adapters/planted.ts', '../store/database.ts', adapters],
    ['src/payouts/planted.ts', '../loaders/by-key.ts', payouts],
    ['src/payouts/planted.ts', '../schema/index.ts', payouts],
    ['src/payouts/planted.ts', '../adapters/graphql.ts', payouts],
    ['src/payouts/planted.ts', '../sandbox/sandbox.ts', payouts],
    ['src/loaders/planted.ts', '../schema/context.ts', loaders],
    ['src/loaders/planted.ts', '../adapters/graphql.ts', loaders],
    ['src/loaders/planted.ts', '../sandbox/sandbox.ts', loaders],
    ['src/schema/planted.ts', '../adapters/graphql.ts', schema],
    ['src/schema/planted.ts', '../sandbox/sandbox.ts', schema],
    ['src/adapters/planted.ts', '../sandbox/named.ts', adapters],
    ['src/adapters/graphiql/planted.ts', '../../sandbox/named.ts', adapters],
    ['src/sandbox/planted.ts', '../lean/wire.ts', sandbox],
    ['src/sandbox/planted.ts', '../payouts/decimal.ts', sandbox],
    ['src/sandbox/planted.ts', '../loaders/by-key.ts', sandbox],
    ['src/sandbox/planted.ts', '../schema/index.ts', sandbox],
    ['src/sandbox/planted.ts', '../adapters/graphql.ts', sandbox],
    ...['lean', 'payouts', 'store', 'loaders', 'schema', 'adapters', 'commands', 'sandbox'].flatMap(
      folder => [
        [`src/${folder}/planted.ts`, '../config.ts', roots] as const,
        [`src/${folder}/planted.ts`, '../gateway.ts', roots] as const,
        [`src/${folder}/planted.ts`, '../core.ts', roots] as const,
        [`src/${folder}/planted.ts`, '../environment.ts', roots] as const,
        [`src/${folder}/planted.ts`, '../main.ts', roots] as const,
        [`src/${folder}/planted.ts`, '../run.ts', roots] as const,
      ],
    ),
    ['src/lean/client.ts', 'undici', undici],
    ['src/payouts/planted.ts', 'undici', undici],
    ['src/adapters/planted.ts', 'undici', undici],
    ['src/sandbox/planted.ts', 'undici', undici],
    ['src/gateway.ts', 'undici', undici],
    ['src/lean/transport.ts', '@pothos/core', pothos],
    ['src/lean/planted.ts', '@pothos/core', pothos],
    ['src/adapters/planted.ts', '@pothos/plugin-federation', pothos],
    ['src/gateway.ts', '@pothos/core', pothos],
    ['src/store/sqlite.ts', 'pg', pg],
    ['src/store/planted.ts', 'pg', pg],
    ['src/payouts/planted.ts', 'pg', pg],
    ['src/gateway.ts', 'pg', pg],
    ['src/store/postgres.ts', 'node:sqlite', sqlite],
    ['src/payouts/planted.ts', 'node:sqlite', sqlite],
    ['src/core.ts', 'node:sqlite', sqlite],
    ['src/schema/planted.ts', 'graphql-yoga', yoga],
    ['src/payouts/planted.ts', 'graphql-yoga', yoga],
    ['src/gateway.ts', 'graphql-yoga', yoga],
  ];

  it.each(broken)('%s does not import %s', async (file, imported, message) => {
    expect(await complaints(file, `import { x } from '${imported}';`)).toEqual([
      expect.stringContaining(message),
    ]);
    expect(await complaints(file, `export * from '${imported}';`)).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it.each([
    ['src/payouts/planted.ts', '../lean/client.ts'],
    ['src/loaders/planted.ts', '../payouts/payout.ts'],
    ['src/schema/planted.ts', '../loaders/loaders.ts'],
    ['src/schema/planted.ts', '@pothos/core'],
    ['src/adapters/planted.ts', '../schema/errors.ts'],
    ['src/adapters/graphiql/planted.ts', './operations.ts'],
    ['src/adapters/planted.ts', 'graphql-yoga'],
    ['src/lean/exchange.ts', 'undici'],
    ['src/lean/connections.ts', 'undici'],
    ['src/store/postgres.ts', 'pg'],
    ['src/store/sqlite.ts', 'node:sqlite'],
    ['src/store/sqlite-transactions.ts', 'node:sqlite'],
    ['src/store/planted.ts', '../payouts/creation/payout-record.ts'],
    ['src/commands/planted.ts', '../payouts/instant.ts'],
    ['src/core.ts', './store/open.ts'],
    ['src/gateway.ts', './adapters/graphql.ts'],
    ['src/dev.ts', './sandbox/sandbox.ts'],
  ])('%s may import %s', async (file, imported) => {
    expect(await complaints(file, `import { x } from '${imported}';`)).toEqual([]);
  });

  it('what is a type alone may come from config.ts', async () => {
    expect(
      await complaints('src/adapters/planted.ts', "import type { Config } from '../config.ts';"),
    ).toEqual([]);
  });
});

it('objects that there may be many of have no getters of their own', async () => {
  const eslint = new ESLint({ cwd: root });
  const messages = async (text: string): Promise<string[]> =>
    (await eslint.lintText(`${text}\n`, { filePath: `${root}src/adapters/planted.ts` })).flatMap(result =>
      result.messages.map(({ message }) => message),
    );
  expect(await messages('export const x = { get y() { return 1; } };')).toEqual([
    expect.stringContaining('make it a class'),
  ]);
  expect(await messages('export class X { get y() { return 1; } }')).toEqual([]);
});
