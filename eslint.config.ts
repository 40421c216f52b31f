import tseslint, { type ConfigArray } from 'typescript-eslint';

/** What a folder may not import, each with the sentence that is shown when it does. */
const arrows = [
  {
    files: ['src/lean/**'],
    forbid: [
      'webhooks',
      'payouts',
      'access',
      'store',
      'loaders',
      'schema',
      'adapters',
      'commands',
      'sandbox',
    ],
    message: "lean/ is Lean's wire and nothing else: it imports nothing of ours.",
  },
  {
    files: ['src/payouts/**'],
    forbid: ['webhooks', 'access', 'store', 'loaders', 'schema', 'adapters', 'commands', 'sandbox'],
    message: 'payouts/ is the core: it imports only lean/.',
  },
  {
    files: ['src/access/**'],
    forbid: ['webhooks', 'lean', 'store', 'loaders', 'schema', 'adapters', 'commands', 'sandbox'],
    message: 'access/ tells who calls, and imports only payouts/.',
  },
  {
    files: ['src/webhooks/**'],
    forbid: ['access', 'store', 'loaders', 'schema', 'adapters', 'commands', 'sandbox'],
    message: 'webhooks/ imports only payouts/ and lean/.',
  },
  {
    files: ['src/store/**'],
    forbid: ['webhooks', 'lean', 'access', 'loaders', 'schema', 'adapters', 'commands', 'sandbox'],
    message: 'store/ keeps what payouts/ wants kept, and imports nothing else.',
  },
  {
    files: ['src/loaders/**'],
    forbid: ['webhooks', 'access', 'store', 'schema', 'adapters', 'commands', 'sandbox'],
    message: 'loaders/ imports only payouts/ and lean/.',
  },
  {
    files: ['src/schema/**'],
    forbid: ['webhooks', 'access', 'store', 'adapters', 'commands', 'sandbox'],
    message: 'schema/ imports loaders/, payouts/ and lean/; nothing imports adapters/ but gateway.ts.',
  },
  {
    files: ['src/adapters/**'],
    forbid: ['store', 'commands', 'sandbox'],
    message: 'adapters/ know Lean only through lean/; the sandbox is a Lean, not a part of us.',
  },
  {
    files: ['src/commands/**'],
    forbid: ['webhooks', 'access', 'loaders', 'schema', 'adapters', 'sandbox'],
    message: 'commands/ go straight to the core: no GraphQL, no HTTP.',
  },
  {
    files: ['src/sandbox/**'],
    forbid: ['webhooks', 'lean', 'payouts', 'access', 'store', 'loaders', 'schema', 'adapters', 'commands'],
    message: "sandbox/ speaks Lean's wire and imports nothing of the gateway.",
  },
];

/** Libraries that one place alone may import. */
const homes = [
  {
    library: 'undici',
    home: 'src/lean/{exchange,connections}.ts',
    message: 'undici appears in lean/exchange.ts and lean/connections.ts alone.',
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
    message: 'The MCP SDK appears in adapters/mcp/ and stdio-tools.ts alone.',
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
    home: 'src/adapters/metrics*.ts',
    message: 'prom-client appears in adapters/metrics.ts and metrics-gauges.ts alone.',
  },
  {
    library: 'graphql-jit',
    home: 'src/adapters/graphql/compiled-operation.ts',
    message: 'graphql-jit appears in compiled-operation.ts alone.',
  },
  {
    library: 'cors',
    home: 'src/adapters/listener.ts',
    message: 'cors appears in adapters/listener.ts alone.',
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
    home: 'src/adapters/tracing.ts',
    message: 'OpenTelemetry appears in adapters/tracing.ts and trace-export.ts alone.',
  },
];

const folders = [
  'lean',
  'payouts',
  'access',
  'store',
  'loaders',
  'schema',
  'adapters',
  'commands',
  'sandbox',
];

function restrictedImports(folder: string): object[] {
  const patterns = arrows
    .filter(arrow => arrow.files[0] === `src/${folder}/**`)
    .map(arrow => ({
      regex: `^\\.\\.?/(.*/)?(${arrow.forbid.join('|')})/`,
      message: arrow.message,
    }));
  const rootModules = {
    regex:
      '^\\.\\./(\\.\\./)*(main|gateway|core|payout-log|dev|config|lean-config|environment|free-port|listening|process-warnings|run|stdio-tools|trace-export|callers|updates)\\.ts$',
    message:
      'Only main.ts, dev.ts, gateway.ts and core.ts put things together; all others receive what they need.',
    allowTypeImports: true,
  };
  return [...patterns, rootModules];
}

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
  { files: ['src/**'], rules: { 'no-restricted-syntax': ['error', noEnums, noGettersInLiterals] } },
  ...folders.map(folder => ({
    files: [`src/${folder}/**/*.ts`],
    rules: restrict([...restrictedImports(folder), ...librariesAwayFromHome(`src/${folder}/**`)]),
  })),
  ...homes
    .filter(({ home }) => home.endsWith('.ts'))
    .map(({ home }) => ({
      files: [home],
      rules: restrict([...restrictedImports(home.split('/')[1] ?? ''), ...librariesAwayFromHome(home)]),
    })),
  { files: ['src/*.ts'], rules: restrict(librariesAwayFromHome('')) },
  { files: ['src/stdio-tools.ts'], rules: restrict(librariesAwayFromHome('src/adapters/**')) },
  { files: ['src/trace-export.ts'], rules: restrict(librariesAwayFromHome('src/adapters/tracing.ts')) },
  {
    files: ['src/sandbox/main.ts', 'src/dev.ts', 'bench/**', 'codegen.ts'],
    rules: { 'no-console': 'off' },
  },
);

export default config;
