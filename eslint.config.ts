import tseslint, { type ConfigArray } from 'typescript-eslint';

/** What a folder may not import, each with the sentence that is shown when it does. */
const arrows = [
  {
    files: ['src/lean/**'],
    forbid: ['payouts', 'loaders', 'schema', 'adapters', 'sandbox'],
    message: "lean/ is Lean's wire and nothing else: it imports nothing of ours.",
  },
  {
    files: ['src/payouts/**'],
    forbid: ['loaders', 'schema', 'adapters', 'sandbox'],
    message: 'payouts/ is the core: it imports only lean/.',
  },
  {
    files: ['src/loaders/**'],
    forbid: ['schema', 'adapters', 'sandbox'],
    message: 'loaders/ imports only payouts/ and lean/.',
  },
  {
    files: ['src/schema/**'],
    forbid: ['adapters', 'sandbox'],
    message: 'schema/ imports loaders/, payouts/ and lean/; nothing imports adapters/ but gateway.ts.',
  },
  {
    files: ['src/adapters/**'],
    forbid: ['sandbox'],
    message: 'adapters/ know Lean only through lean/; the sandbox is a Lean, not a part of us.',
  },
  {
    files: ['src/sandbox/**'],
    forbid: ['lean', 'payouts', 'loaders', 'schema', 'adapters'],
    message: "sandbox/ speaks Lean's wire and imports nothing of the gateway.",
  },
];

/** Libraries that one place alone may import. */
const homes = [
  { library: 'undici', home: 'src/lean/transport.ts', message: 'undici appears in lean/transport.ts alone.' },
  { library: '@pothos/*', home: 'src/schema/**', message: 'Pothos appears in schema/ alone.' },
  {
    library: 'graphql-yoga',
    home: 'src/adapters/**',
    message: 'graphql-yoga appears in adapters/ alone.',
  },
];

const folders = ['lean', 'payouts', 'loaders', 'schema', 'adapters', 'sandbox'];

function restrictedImports(folder: string): object[] {
  const patterns = arrows
    .filter(arrow => arrow.files[0] === `src/${folder}/**`)
    .map(arrow => ({
      regex: `^\\.\\.?/(.*/)?(${arrow.forbid.join('|')})/`,
      message: arrow.message,
    }));
  const rootModules = {
    regex: '^\\.\\./(\\.\\./)*(main|gateway|dev|config|run)\\.ts$',
    message: 'Only main.ts, dev.ts and gateway.ts put things together; all others receive what they need.',
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

const config: ConfigArray = tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/generated/**'] },
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Types are stripped, enums are not types: use a union.' },
      ],
    },
  },
  ...folders.map(folder => ({
    files: [`src/${folder}/**/*.ts`],
    rules: restrict([...restrictedImports(folder), ...librariesAwayFromHome(`src/${folder}/**`)]),
  })),
  {
    files: ['src/lean/transport.ts'],
    rules: restrict([...restrictedImports('lean'), ...librariesAwayFromHome('src/lean/transport.ts')]),
  },
  { files: ['src/*.ts'], rules: restrict(librariesAwayFromHome('')) },
  {
    files: ['src/sandbox/main.ts', 'src/dev.ts', 'src/main.ts', 'codegen.ts'],
    rules: { 'no-console': 'off' },
  },
);

export default config;
