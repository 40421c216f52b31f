import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const all = 'test/**/*.test.ts';
/** Those that send operations to a gateway of their own. */
const sendingOperations = globSync(all).filter(file =>
  /support\/(?:test|running)-gateway\.ts/.test(readFileSync(file, 'utf8')),
);

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
    // Operations take two roads (see test/support/roads.ts), and whoever sends them must not see which.
    projects: [
      { extends: true, test: { name: 'all', include: [all] } },
      {
        extends: true,
        test: { name: 'yoga', include: sendingOperations, env: { ROAD: 'yoga', SOAK_MS: '3000' } },
      },
    ],
  },
});
