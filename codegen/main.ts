import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generate } from '@graphql-codegen/cli';
import { introspectionFromSchema, printSchema as printGraphqlSchema } from 'graphql';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { capabilityOf } from './capability.ts';
import { skillOf } from './skill.ts';
import { errorsPage } from './errors-page.ts';
import { skillExamples } from './skill-examples.ts';
import { operations } from '../src/lean/operations.ts';
import { clientSchema, printSchema, schema } from '../src/schema/index.ts';

/*
 * Writes the generated files. From the schema: `schema.graphql` for routers, `api.graphql` and `introspection.json` for
 * client tools, the TypeScript types, and GraphiQL's example operations as typed documents. From Lean's operations: the
 * capability and the skill for agents. From the error codes: `docs/errors.md`. With `--check` it writes nothing, and
 * fails if a file is out of date.
 */
const schemaFile = 'schema.graphql';
const typesFile = 'src/generated/schema-types.ts';
const operationsFile = 'src/generated/operations.ts';

const config = {
  enumsAsTypes: true,
  useTypeImports: true,
  immutableTypes: true,
  strictScalars: true,
  scalars: {
    DateTime: 'string',
    Decimal: { input: 'string | number', output: 'string' },
    PayoutCurrencyCode: 'string',
    _Any: 'unknown',
    federation__FieldSet: 'string',
    link__Import: 'string',
  },
};

const sdl = printSchema();
const generated = (await generate(
  {
    schema: printGraphqlSchema(schema),
    silent: true,
    generates: {
      [typesFile]: { plugins: ['typescript'], config },
      [operationsFile]: {
        documents: 'src/adapters/graphiql/operations.ts',
        plugins: ['typescript-operations', 'typed-document-node'],
        config,
      },
    },
  },
  false,
)) as { filename: string; content: string }[];

const allOperations = Object.values(operations);
const files = [
  { filename: schemaFile, content: sdl },
  { filename: 'api.graphql', content: `${printGraphqlSchema(clientSchema())}\n` },
  {
    filename: 'introspection.json',
    content: `${JSON.stringify(introspectionFromSchema(clientSchema()), null, 1)}\n`,
  },
  {
    filename: 'capability/lean-payouts.yml',
    content: stringify(capabilityOf(allOperations), { lineWidth: 100 }),
  },
  { filename: 'capability/SKILL.md', content: skillOf(allOperations, skillExamples) },
  { filename: 'docs/errors.md', content: errorsPage() },
  ...generated,
];
const check = process.argv.includes('--check');
let outdated = 0;
for (const { filename, content } of files) {
  const text = /\.(?:ts|md|yml)$/.test(filename)
    ? await format(content, { ...(await resolveConfig(filename)), filepath: filename })
    : content;
  const current = await readFile(filename, 'utf8').catch(() => undefined);
  if (current === text) continue;
  outdated += 1;
  if (check) console.error(`${filename} is out of date; run npm run codegen.`);
  else {
    await mkdir(dirname(filename), { recursive: true });
    await writeFile(filename, text);
    console.log(`wrote ${filename}`);
  }
}
if (check && outdated > 0) process.exitCode = 1;
