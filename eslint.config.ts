import tseslint, { type ConfigArray } from 'typescript-eslint';
import { importBoundaries, folders } from './eslint.import-boundaries.ts';

/** Libraries that only certain files may import. */
const confinedLibraries = [
  {
    library: 'undici',
    allowedIn: 'src/lean/{upstream-request,connection,connections}.ts',
    message:
      'undici may be imported only in lean/upstream-request.ts, lean/connection.ts and lean/connections.ts.',
  },
  { library: '@pothos/*', allowedIn: 'src/schema/**', message: 'Pothos may be imported only in schema/.' },
  {
    library: 'graphql-yoga',
    allowedIn: 'src/adapters/**',
    message: 'graphql-yoga may be imported only in adapters/.',
  },
  {
    library: '@modelcontextprotocol/*',
    allowedIn: 'src/adapters/**',
    message: 'The MCP SDK may be imported only in adapters/ and composition/mcp-stdio.ts.',
  },
  {
    library: 'pg',
    allowedIn: 'src/store/postgres*.ts',
    message: 'pg may be imported only in store/postgres*.ts.',
  },
  {
    library: 'node:sqlite',
    allowedIn: 'src/store/sqlite*.ts',
    message: 'node:sqlite may be imported only in store/sqlite*.ts.',
  },
  { library: 'jose', allowedIn: 'src/access/**', message: 'jose may be imported only in access/.' },
  {
    library: 'rate-limiter-flexible',
    allowedIn: 'src/access/**',
    message: 'rate-limiter-flexible may be imported only in access/.',
  },
  {
    library: 'prom-client',
    allowedIn: 'src/adapters/observability/{metrics,scraped-metrics}.ts',
    message: 'prom-client may be imported only in adapters/observability/metrics.ts and scraped-metrics.ts.',
  },
  {
    library: 'graphql-jit',
    allowedIn: 'src/adapters/graphql/fast-path/compiled-operation.ts',
    message: 'graphql-jit may be imported only in fast-path/compiled-operation.ts.',
  },
  {
    library: 'cors',
    allowedIn: 'src/adapters/http/listener.ts',
    message: 'cors may be imported only in adapters/http/listener.ts.',
  },
  {
    library: 'ws',
    allowedIn: 'src/adapters/graphql/websocket/*.ts',
    message: 'ws may be imported only in adapters/graphql/websocket/.',
  },
  {
    library: 'graphql-ws',
    allowedIn: 'src/adapters/graphql/websocket/*.ts',
    message: 'graphql-ws may be imported only in adapters/graphql/websocket/.',
  },
  {
    library: '@opentelemetry/*',
    allowedIn: 'src/adapters/observability/tracing.ts',
    message: 'OpenTelemetry may be imported only in observability/tracing.ts and process/opentelemetry.ts.',
  },
];

/** The libraries that certain files may not import: all confined ones except those that are allowed there. */
function restrictionsFor(files: string): object[] {
  return confinedLibraries
    .filter(({ allowedIn }) => allowedIn !== files)
    .map(({ library, message }) => ({ group: [library], message }));
}

function restrict(patterns: object[]): Record<string, ['error', { patterns: object[] }]> {
  return { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] };
}

const noEnums = {
  selector: 'TSEnumDeclaration',
  message: 'Node strips types and cannot run enums: use a union of literals.',
};

const noGettersInLiterals = {
  selector: 'ObjectExpression > Property[kind="get"]',
  message:
    'V8 gives each literal with a getter a hidden class, which keeps alive all that the getter can see: make it a class.',
};

const config: ConfigArray = tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/generated/**', 'examples/**'] },
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', noEnums],
    },
  },
  {
    files: ['src/**'],
    plugins: { project: { rules: { 'import-boundaries': importBoundaries } } },
    rules: {
      'project/import-boundaries': 'error',
      'no-restricted-syntax': ['error', noEnums, noGettersInLiterals],
    },
  },
  ...folders.map(folder => ({
    files: [`src/${folder}/**/*.ts`],
    rules: restrict(restrictionsFor(`src/${folder}/**`)),
  })),
  ...confinedLibraries
    .filter(({ allowedIn }) => allowedIn.endsWith('.ts'))
    .map(({ allowedIn }) => ({
      files: [allowedIn],
      rules: restrict(restrictionsFor(allowedIn)),
    })),
  { files: ['src/*.ts'], rules: restrict(restrictionsFor('')) },
  {
    files: ['src/composition/mcp-stdio.ts'],
    rules: restrict(restrictionsFor('src/adapters/**')),
  },
  {
    files: ['src/process/opentelemetry.ts'],
    rules: restrict(restrictionsFor('src/adapters/observability/tracing.ts')),
  },
  {
    files: ['src/sandbox/main.ts', 'src/dev.ts', 'bench/**', 'codegen/main.ts'],
    rules: { 'no-console': 'off' },
  },
);

export default config;
