import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Without the alias vitest loads graphql twice (CommonJS for packages, ESM for us), and `instanceof
  // GraphQLSchema` turns false between them; test/one-graphql.test.ts watches over it.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/postgres-for-all.ts',
    maxWorkers: 3,
    // Only for what hangs: how long a test takes is the machine's business.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
