import { defineConfig } from 'vitest/config';

const all = 'test/**/*.test.ts';
/** Tests of what operations answer. */
const aboutOperations = [
  'test/{access,federation,schema}/**/*.test.ts',
  'test/adapters/{errors,graphql-over-http}.test.ts',
  'test/adapters/graphql/*.test.ts',
];

export default defineConfig({
  // Without the alias vitest loads graphql twice (CommonJS for packages, ESM for us), and `instanceof
  // GraphQLSchema` turns false between them; test/one-graphql.test.ts watches over it.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: 'test/support/postgres-for-all.ts',
    maxWorkers: 3,
    // Only for what hangs: how long a test takes is the machine's business.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Callers must see no difference between operations on the fast path and others (test/support/fast-path.ts).
    projects: [
      { extends: true, test: { name: 'all', include: [all] } },
      {
        extends: true,
        test: { name: 'without-fast-path', include: aboutOperations, env: { FAST_PATH: 'off' } },
      },
    ],
  },
});
