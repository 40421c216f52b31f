import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const allTests = ['test/!(ecosystem)/**/*.test.ts', 'test/!(bench*).test.ts'];
/** Tests with other software: composers, routers, clients, the examples, and the servers of the benchmark. */
const ecosystemTests = ['test/ecosystem/**/*.test.ts', 'test/bench*.test.ts'];
/** Tests of the results of GraphQL operations by HTTP, which take the fast path. They start no database and no program. */
const operationTests = [
  'test/access/!(signing-keys).test.ts',
  'test/federation/*.test.ts',
  'test/schema/!(schema|union-fields).test.ts',
  'test/adapters/graphql/*.test.ts',
  'test/adapters/graphql/{checks,request}/*.test.ts',
  'test/adapters/graphql/documents/!(document-cache).test.ts',
  'test/adapters/graphql/subscriptions/event-stream.test.ts',
  'test/composition/access.test.ts',
];
/** Tests that start no server and no database. They take less than a minute. */
const unitTests = [
  'test/{errors,json,loaders,scheduling}/**/*.test.ts',
  'test/payouts/*.test.ts',
  'test/payouts/{listing,values}/*.test.ts',
  'test/payouts/creation/{created-transfer,creation-body,list-rows,resemblance,transfer}.test.ts',
  'test/lean/{answer,application,bulkhead,cancellation,lean-clock,operations,retry,shared-reads}.test.ts',
  'test/webhooks/{event-from-lean,state-changes,webhook-receiver}.test.ts',
];
/**
 * Tests that take longest. They start first, so that at the end no worker waits for one of them. Without an earlier run
 * vitest knows only the sizes of files.
 */
const slowTests = new RegExp(
  '/test/(adapters/mcp/server|bench|crash|docs|lock-loss|main|package|payouts/listing/payout-list|soak|store-outage|webhooks/replicas)\\.test\\.ts$',
);

class SlowTestsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { true: slow = [], false: others = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      slowTests.test(moduleId) ? 'true' : 'false',
    );
    return [...slow, ...others];
  }
}
const globalSetup = ['test/support/shared-postgres.ts', 'test/support/bundled-programs.ts'];

export default defineConfig({
  // Without the alias vitest loads graphql twice: as CommonJS for packages and as ESM for the sources. `instanceof
  // GraphQLSchema` is false between the two copies. test/one-graphql.test.ts checks this.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    // More than two cores, because many tests mostly wait.
    maxWorkers: 4,
    sequence: { sequencer: SlowTestsFirst },
    // Test files share the modules that they import. Loading them for each file would take a third of the CPU time.
    isolate: false,
    // For programs that tests start. It halves their start time.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'lean-payouts-compile-cache') },
    // The timeouts are generous, so that only a test that hangs fails, and not a slow machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // Results on the fast path must equal those without it, so the operation tests run both ways
    // (test/support/fast-path.ts).
    projects: [
      { extends: true, test: { name: 'all', include: allTests, globalSetup } },
      {
        extends: true,
        test: { name: 'without-fast-path', include: operationTests, env: { FAST_PATH: 'off' } },
      },
      { extends: true, test: { name: 'unit', include: unitTests } },
      {
        extends: true,
        test: { name: 'ecosystem', include: ecosystemTests, globalSetup: 'test/support/bundled-programs.ts' },
      },
    ],
  },
});
