import { setTimeout as pause } from 'node:timers/promises';
import { destinations } from '../src/sandbox/fixtures.ts';
import { prepareCompleteStore } from '../test/support/complete-store.ts';
import { freshDatabase } from '../test/support/postgres.ts';
import { DatabaseCounters } from './database-counters.ts';
import { median } from './figures.ts';
import { sendLoad } from './load.ts';
import { startProcess, type ServerProcess } from './processes.ts';
import { SseSubscribers } from './sse-subscribers.ts';
import { deliverWebhook, nextWebhook, updatesQuery, webhookSecret } from './webhook-delivery.ts';
import { newPayout, type Workload } from './workloads.ts';

/** The size of the measurement. */
export interface ScaleCounts {
  /** How long gateways without work are watched. */
  readonly idleSeconds: number;
  readonly webhooks: number;
  /** Payouts at each gateway. */
  readonly payouts: number;
}

/** A measurement of `count` gateways on a database of their own. */
interface ScalePlan extends ScaleCounts {
  readonly count: number;
  readonly serverUrl: string;
}

interface Running {
  readonly lean: ServerProcess;
  readonly gateways: readonly ServerProcess[];
  readonly counters: DatabaseCounters;
}

const callers = 16;

/** The interval between two backfills in a gateway, and the one that is used here, in minutes. */
const backfillMinutes = { usual: 3, measured: 0.1 };

/** A payout that waits for its authorisation, so one of the gateways follows it for two minutes. */
const waitingPayout: Workload = {
  ...newPayout,
  variables: index => {
    const { input } = newPayout.variables(index) as { readonly input: object };
    return { input: { ...input, destinationId: destinations.waitsForAuthorization } };
  },
};

/** The figures of one number of gateways. All are sums over the gateways, except the memory. */
export type ScaleFigures = Awaited<ReturnType<typeof measureGateways>>;

export async function measureGateways(plan: ScalePlan) {
  return {
    ...(await measureLiveGateways(plan)),
    ...(await measureBackfills(plan)),
    ...(await measurePayouts(plan)),
  };
}

/** Measures gateways with webhooks: idle, with webhooks, with subscribers, and after new payouts. */
function measureLiveGateways(plan: ScalePlan) {
  return withGateways(plan, 'live-lean.ts', 'live-gateway.ts', [webhookSecret], async running => {
    // A gateway learns from its first webhooks which calls this Lean has.
    await deliver(running, 2 * plan.count, []);
    const idle = await during(running, () => pause(1000 * plan.idleSeconds));
    const idleStatements = idle.statements / idle.seconds;
    const idleConnections = await running.counters.connections();
    const unsubscribed = await during(running, () => deliver(running, plan.webhooks, []));
    const subscribers = await Promise.all(
      running.gateways.map(({ url }) => SseSubscribers.open(url, updatesQuery, 1)),
    );
    const subscribed = await during(running, () => deliver(running, plan.webhooks, subscribers));
    for (const subscriber of subscribers) subscriber.close();
    const memory: number[] = [];
    for (const gateway of running.gateways) memory.push(Number(await gateway.ask('needed memory')) / 1024);
    for (const { url } of running.gateways)
      await sendLoad(url, [''], waitingPayout, { callers: 1, requests: 1 });
    await pause(1000 * Math.min(6, plan.idleSeconds));
    const following = await during(running, () => pause(1000 * plan.idleSeconds));
    const notifications = unsubscribed.notifications / plan.webhooks;
    return {
      idleConnections,
      idleStatements,
      webhookStatements: (unsubscribed.statements - idleStatements * unsubscribed.seconds) / plan.webhooks,
      notifications,
      received: notifications * plan.count,
      webhookLeanCalls: unsubscribed.leanCalls / plan.webhooks,
      subscribedLeanCalls: subscribed.leanCalls / plan.webhooks,
      followingLeanCalls: (60 * following.leanCalls) / following.seconds,
      mebibytes: median(memory),
    };
  });
}

/** Measures idle gateways that backfill more often than usual, and converts the result to the usual interval. */
function measureBackfills(plan: ScalePlan) {
  const { usual, measured } = backfillMinutes;
  const args = [webhookSecret, String(60_000 * measured)];
  return withGateways(plan, 'live-lean.ts', 'live-gateway.ts', args, async running => {
    const { leanCalls, seconds } = await during(running, () => pause(2000 * plan.idleSeconds));
    return { idleLeanCalls: ((60 * leanCalls) / seconds) * (measured / usual) };
  });
}

/** Measures gateways that create payouts and do nothing else. */
function measurePayouts(plan: ScalePlan) {
  return withGateways(plan, 'fast-lean.ts', 'gateway.ts', ['recorded'], async running => {
    const pay = (requests: number): Promise<unknown> =>
      Promise.all(running.gateways.map(({ url }) => sendLoad(url, [''], newPayout, { callers, requests })));
    // The first payout of a gateway takes its lock, and opens connections.
    await pay(callers);
    let busyConnections = 0;
    const paid = await during(running, async () => {
      const paying = pay(plan.payouts).then(() => 'paid');
      while ((await Promise.race([paying, pause(20)])) !== 'paid')
        busyConnections = Math.max(busyConnections, await running.counters.connections());
    });
    return { busyConnections, payoutStatements: paid.statements / plan.payouts / plan.count };
  });
}

/** Starts one Lean and the gateways on an empty database, and stops them after the measurement. */
async function withGateways<Result>(
  { count, serverUrl }: ScalePlan,
  leanFile: string,
  gatewayFile: string,
  furtherArgs: readonly string[],
  measure: (running: Running) => Promise<Result>,
): Promise<Result> {
  const store = await freshDatabase(serverUrl);
  await prepareCompleteStore({ url: store });
  const counters = await DatabaseCounters.open(serverUrl, store);
  const lean = await startProcess(leanFile);
  const gateways: ServerProcess[] = [];
  try {
    while (gateways.length < count)
      gateways.push(
        await startProcess(gatewayFile, {
          args: [lean.url, store, ...furtherArgs],
          path: '/graphql',
          // The process collects its garbage before it measures its memory.
          flags: ['--expose-gc'],
        }),
      );
    // Each gateway runs a backfill when it starts.
    await pause(1500);
    return await measure({ lean, gateways, counters });
  } finally {
    for (const server of [...gateways, lean]) await server.stop();
    await counters.close();
  }
}

interface Usage {
  readonly statements: number;
  readonly notifications: number;
  readonly leanCalls: number;
  readonly seconds: number;
}

/** What the gateways do while `action` runs, and for a moment after it. */
async function during({ lean, counters }: Running, action: () => Promise<unknown>): Promise<Usage> {
  const before = { ...(await counters.counts()), leanCalls: Number(await lean.ask('calls')) };
  const startedAt = performance.now();
  await action();
  // The last update is still being noted.
  await pause(300);
  const after = { ...(await counters.counts()), leanCalls: Number(await lean.ask('calls')) };
  return {
    statements: after.statements - before.statements,
    notifications: after.notifications - before.notifications,
    leanCalls: after.leanCalls - before.leanCalls,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Delivers webhooks to the gateways by turns, one after the other, as a load balancer would. */
async function deliver(
  { lean, gateways, counters }: Running,
  webhooks: number,
  subscribers: readonly SseSubscribers[],
): Promise<void> {
  for (let index = 0; index < webhooks; index += 1) {
    const { webhook, updateText } = await nextWebhook(lean);
    const { notifications } = await counters.counts();
    const arriving = Promise.all(subscribers.map(subscriber => subscriber.arrivals(updateText)));
    await deliverWebhook(gateways[index % gateways.length]?.url ?? '', webhook);
    await arriving;
    // Several events at once would share statements.
    while ((await counters.counts()).notifications === notifications) await pause(20);
    await pause(200);
  }
}
