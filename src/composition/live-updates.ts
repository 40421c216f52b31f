import type { Logger } from 'pino';
import { GraphUpdates, type UpdatesOptions } from '../adapters/graphql/updates.ts';
import type { Metrics } from '../adapters/observability/metrics.ts';
import type { Config } from '../config/config.ts';
import type { Core } from './core.ts';
import { StoreUnavailable, UpdatesUnavailable } from '../errors/gateway-errors.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { Updates } from '../schema/context.ts';
import { UpdatePipeline } from '../webhooks/update-pipeline.ts';

export interface UpdatesParts {
  readonly core: Core;
  readonly histories: PayoutHistories;
  /** Asked for when there is something to count: it is made after this. */
  readonly metrics: () => Metrics;
  readonly log: Logger;
  readonly compareEveryMs: number | undefined;
}

/** Wires what leads from Lean's webhooks to subscribers; undefined where Lean sends none. */
export function liveFrom({ webhookSecrets }: Config, parts: UpdatesParts): UpdatePipeline | undefined {
  if (webhookSecrets.length === 0) return undefined;
  const { core, histories, metrics, log, compareEveryMs } = parts;
  const { client, reads, rows, events, reconciliation } = core;
  return new UpdatePipeline({
    client,
    reads,
    rows,
    histories,
    events,
    secrets: webhookSecrets,
    announce: () => core.announce(),
    onAnnouncement: listener => {
      core.onAnnouncement(listener);
    },
    listen: () => core.listen(),
    ...(compareEveryMs !== undefined && { compareEveryMs }),
    told: {
      steps(count) {
        metrics().updates(count);
      },
      received(payout) {
        reconciliation.rescheduleNow(payout).catch((error: unknown) => {
          if (!(error instanceof StoreUnavailable)) throw error;
        });
      },
      foreign(count) {
        metrics().webhooks('foreign', count);
      },
      gaps({ events: missed, payouts }) {
        metrics().webhooks('missed', missed);
        log.warn(
          { events: missed, payouts },
          'webhooks were missed; the missing events have been read from Lean',
        );
      },
      trouble(what, error) {
        if (error === undefined) log.info({ what }, 'updates of payouts go on');
        else
          log.warn(
            { what, code: 'code' in error ? error.code : undefined },
            'updates of payouts wait: they are looked for again',
          );
      },
    },
  });
}

/** What the graph's subscribers are given. */
export function updatesOf(
  live: UpdatePipeline | undefined,
  core: Core,
  options: Pick<UpdatesOptions, 'sources' | 'subscriptions' | 'maxUpstreamCalls'>,
): Updates {
  return live === undefined ? noUpdates : new GraphUpdates({ ...core, ...options, live: live.updates });
}

/** Where Lean sends no webhooks there is nothing to subscribe to. */
const noUpdates: Updates = {
  standing: () => () => null,
  subscribe() {
    return Promise.reject(new UpdatesUnavailable());
  },
};
