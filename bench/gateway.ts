import { pino } from 'pino';
import { createGraphql } from '../src/adapters/graphql/server.ts';
import { Subscriptions } from '../src/adapters/graphql/subscriptions/subscriptions.ts';
import { startHttpServer } from '../src/adapters/http/http-server.ts';
import { parseConfig } from '../src/config/config.ts';
import { createGateway } from '../src/composition/gateway.ts';
import { PayoutCreation } from '../src/payouts/creation/payout-creation.ts';
import { ResendRule } from '../src/payouts/creation/resend-rule.ts';
import { PayoutHistories } from '../src/payouts/history.ts';
import { schema } from '../src/schema/index.ts';
import { noRecords } from './no-records.ts';

/**
 * Runs the gateway with its records (`recorded`) or without (`unrecorded`). The store is a folder for SQLite, or the
 * address of a PostgreSQL database.
 */
const [leanUrl = '', store = '', variant = ''] = process.argv.slice(2);

const config = parseConfig({
  LEAN_BASE_URL: leanUrl,
  LEAN_API_TOKEN: 'token',
  AUTH: 'none',
  PORT: '0',
  ...(store.startsWith('postgres:') ? { DATABASE_URL: store } : { DATA_DIR: store }),
  LEAN_MAX_CONCURRENCY: '512',
  // Otherwise, with a new store, the gateway would look for each payout at Lean before it sends it.
  PAYOUT_RESEND_AFTER_MS: '1',
});
const log = pino({ level: 'silent' });
const gateway = createGateway(config, { log });
const { client, reads, rows, rowCache, details, recorded, lists, reconciliation, reconciler, application } =
  gateway.core;
await startHttpServer({
  host: config.host,
  port: 0,
  graphql:
    variant === 'recorded'
      ? gateway.endpoint
      : createGraphql({
          ...config,
          schema,
          sources: {
            reads,
            rows,
            rowCache,
            details,
            recorded,
            histories: new PayoutHistories(client, 'auto'),
          },
          lists,
          creation: new PayoutCreation({
            client,
            reads,
            records: noRecords,
            reconciliation,
            reconciler,
            rule: new ResendRule(config.resendAfter),
            application,
          }),
          subscriptions: new Subscriptions(),
          updates: {
            captureCursor: () => () => null,
            subscribe: () => {
              throw new TypeError('the benchmark does not subscribe');
            },
          },
          authenticator: gateway.authenticator,
          persisted: undefined,
          log,
        }).endpoint,
  graphiql: undefined,
  unhealthyReason: () => undefined,
  metrics: gateway.metrics,
  webhook: undefined,
  log,
});
