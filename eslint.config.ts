import tseslint, { type ConfigArray } from 'typescript-eslint';
import { arrows, folders } from './eslint.arrows.ts';

/** Libraries that one place alone may import. */
const homes = [
  {
    library: 'undici',
    home: 'src/lean/{upstream-request,connections}.ts',
    message: 'undici appears in lean/upstream-request.ts and lean/connections.ts alone.',
  },
  { library: '@pothos/*', home: 'src/schema/**', message: 'Pothos appears in schema/ alone.' },
  {
    library: 'graphql-yoga',
    home: 'src/adapters/**',
    message: 'graphql-yoga appears in adapters/ alone.',
  },
  {
    library: '@modelcontextprotocol/*',
    home: 'src/adapters/**',
    message: 'The MCP SDK appears in adapters/mcp/ and composition/mcp-stdio.ts alone.',
  },
  { library: 'pg', home: 'src/store/postgres.ts', message: 'pg appears in store/postgres.ts alone.' },
  {
    library: 'node:sqlite',
    home: 'src/store/sqlite*.ts',
    message: 'node:sqlite appears in store/sqlite*.ts alone.',
  },
  { library: 'jose', home: 'src/access/**', message: 'jose appears in access/ alone.' },
  {
    library: 'rate-limiter-flexible',
    home: 'src/access/**',
    message: 'rate-limiter-flexible appears in access/ alone.',
  },
  {
    library: 'prom-client',
    home: 'src/adapters/observability/metrics*.ts',
    message: 'prom-client appears in adapters/observability/metrics*.ts alone.',
  },
  {
    library: 'graphql-jit',
    home: 'src/adapters/graphql/fast-path/compiled-operation.ts',
    message: 'graphql-jit appears in fast-path/compiled-operation.ts alone.',
  },
  {
    library: 'cors',
    home: 'src/adapters/http/listener.ts',
    message: 'cors appears in adapters/http/listener.ts alone.',
  },
  {
    library: 'ws',
    home: 'src/adapters/graphql/socket*.ts',
    message: 'ws appears in socket.ts and socket-connection.ts alone.',
  },
  {
    library: 'graphql-ws',
    home: 'src/adapters/graphql/socket*.ts',
    message: 'graphql-ws appears in socket.ts and socket-connection.ts alone.',
  },
  {
    library: '@opentelemetry/*',
    home: 'src/adapters/observability/tracing.ts',
    message: 'OpenTelemetry appears in observability/tracing.ts and process/opentelemetry.ts alone.',
  },
];

function librariesAwayFromHome(folder: string): object[] {
  return homes
    .filter(({ home }) => home !== folder)
    .map(({ library, message }) => ({ group: [library], message }));
}

function restrict(patterns: object[]): Record<string, ['error', { patterns: object[] }]> {
  return { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] };
}

const noEnums = {
  selector: 'TSEnumDeclaration',
  message: 'Types are stripped, enums are not types: use a union.',
};

const noGettersInLiterals = {
  selector: 'ObjectExpression > Property[kind="get"]',
  message: 'Each literal with a getter gets a hidden class that keeps all the getter sees: make it a class.',
};

const config: ConfigArray = tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/generated/**'] },
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
    plugins: { house: { rules: { arrows } } },
    rules: {
      'house/arrows': 'error',
      'no-restricted-syntax': ['error', noEnums, noGettersInLiterals],
    },
  },
  ...folders.map(folder => ({
    files: [`src/${folder}/**/*.ts`],
    rules: restrict(librariesAwayFromHome(`src/${folder}/**`)),
  })),
  ...homes
    .filter(({ home }) => home.endsWith('.ts'))
    .map(({ home }) => ({
      files: [home],
      rules: restrict(librariesAwayFromHome(home)),
    })),
  { files: ['src/*.ts'], rules: restrict(librariesAwayFromHome('')) },
  {
    files: ['src/composition/mcp-stdio.ts'],
    rules: restrict(librariesAwayFromHome('src/adapters/**')),
  },
  {
    files: ['src/process/opentelemetry.ts'],
    rules: restrict(librariesAwayFromHome('src/adapters/observability/tracing.ts')),
  },
  {
    files: ['src/sandbox/main.ts', 'src/dev.ts', 'bench/**', 'codegen/main.ts'],
    rules: { 'no-console': 'off' },
  },
);

export default config;
