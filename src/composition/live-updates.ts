import type { Logger } from 'pino';
import { SubscriptionUpdates, type UpdatesOptions } from '../adapters/graphql/subscriptions/updates.ts';
import type { Metrics } from '../adapters/observability/metrics.ts';
import type { Config } from '../config/config.ts';
import type { Core } from './core.ts';
import { StoreUnavailable, UpdatesUnavailable } from '../errors/gateway-errors.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { Updates } from '../schema/context.ts';
import { UpdatePipeline } from '../webhooks/update-pipeline.ts';

export interface UpdatePipelineParts {
  readonly core: Core;
  readonly histories: PayoutHistories;
  /** A function, because the metrics are created after the pipeline. */
  readonly metrics: () => Metrics;
  readonly log: Logger;
  readonly backfillIntervalMs: number | undefined;
}

/** Creates the pipeline from Lean's webhooks to subscribers; undefined if Lean's webhooks are not configured. */
export function createUpdatePipeline(
  { webhookSecrets }: Config,
  parts: UpdatePipelineParts,
): UpdatePipeline | undefined {
  if (webhookSecrets.length === 0) return undefined;
  const { core, histories, metrics, log, backfillIntervalMs } = parts;
  const { client, reads, rows, details, events, leases, reconciliation } = core;
  return new UpdatePipeline({
    client,
    reads,
    rows,
    histories,
    events,
    leases,
    secrets: webhookSecrets,
    announce: () => core.announce(),
    onAnnouncement: listener => {
      core.onAnnouncement(listener);
    },
    listen: () => core.listen(),
    ...(backfillIntervalMs !== undefined && { backfillIntervalMs }),
    callbacks: {
      onPublished(count) {
        metrics().countUpdates(count);
      },
      onPayoutChanged(id) {
        details.drop(id);
      },
      onEventReceived(payout) {
        reconciliation.rescheduleNow(payout).catch((error: unknown) => {
          if (!(error instanceof StoreUnavailable)) throw error;
        });
      },
      onNonPayoutEvents(count) {
        metrics().countWebhooks('foreign', count);
      },
      onMissed({ events: missed, payouts }) {
        metrics().countWebhooks('missed', missed);
        log.warn(
          { events: missed, payouts },
          'webhooks were missed; the missing events have been read from Lean',
        );
      },
      onFailure(part, error) {
        if (error === undefined) log.info({ part }, 'payout updates work again');
        else
          log.warn(
            { part, code: 'code' in error ? error.code : undefined },
            'payout updates are delayed; the gateway tries again',
          );
      },
    },
  });
}

/** Creates the updates for GraphQL subscriptions. */
export function createUpdates(
  pipeline: UpdatePipeline | undefined,
  core: Core,
  options: Pick<UpdatesOptions, 'sources' | 'subscriptions' | 'maxUpstreamCalls'>,
): Updates {
  return pipeline === undefined
    ? noUpdates
    : new SubscriptionUpdates({ ...core, ...options, live: pipeline.updates });
}

/** Without webhooks there are no updates, so every subscription is refused. */
const noUpdates: Updates = {
  captureCursor: () => () => null,
  subscribe() {
    return Promise.reject(new UpdatesUnavailable({ retryable: false }));
  },
};
