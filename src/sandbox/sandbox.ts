import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { AccessTokens } from './access-tokens.ts';
import { Announcer } from './announcer.ts';
import type { Answer } from './answer.ts';
import { control, isControlPath } from './control.ts';
import { Delivery } from './delivery.ts';
import { EventLog } from './event-log.ts';
import { Faults } from './faults.ts';
import { answerRequest, type FrontDesk } from './front-desk.ts';
import { IdempotencyMemory } from './idempotency.ts';
import { instantFromMs } from './instant.ts';
import { type Lean, pause } from './operations.ts';
import { PayoutStore } from './payout-store.ts';
import { SandboxPayouts } from './sandbox-payouts.ts';
import { profileNamed, type SandboxProfile } from './profile.ts';
import { Random } from './random.ts';
import { bodyOf, hasBody, type ReceivedRequest, record, targetOf } from './received-request.ts';
import { routeOf } from './routes.ts';
import { seedPayouts } from './seed.ts';
import { Timetable } from './timetable.ts';
import type { WebhookTarget } from './webhook-target.ts';
import { Webhooks } from './webhooks.ts';

export type { FaultRule, Faults } from './faults.ts';
export * from './named.ts';
export type { Noise } from './noise.ts';
export type { PayoutChange, PlantedPayout, PlantedStep } from './planted-payout.ts';
export type { SandboxProfile } from './profile.ts';
export type { ReceivedRequest } from './received-request.ts';
export type { Operation } from './routes.ts';
export type { SandboxPayouts, StoredPayout } from './sandbox-payouts.ts';
export type { WebhookFaults } from './webhook-faults.ts';
export type { WebhookTarget } from './webhook-target.ts';
export type { WebhookAttempt, Webhooks } from './webhooks.ts';

export interface SandboxOptions {
  /** Which of Lean's versions to speak. @default 'v2' */
  readonly profile?: SandboxProfile;
  /** A whole number; the same one gives the same payouts, ids and tokens. @default 1 */
  readonly seed?: number;
  /** How many payouts there are from the start. @default 300 */
  readonly payouts?: number;
  /** How many times faster than the documented life a payout lives. @default 1 */
  readonly speed?: number;
  /** Added to every Lean answer. @default 0 */
  readonly latencyMs?: number;
  /** The largest page the list gives; a request for more gets this many. @default 100 */
  readonly maxPageSize?: number;
  /** Where webhooks go. @default nowhere */
  readonly webhook?: WebhookTarget;
  /** Epoch milliseconds. @default Date.now */
  readonly clock?: () => number;
}

/** A Lean of one's own. */
export interface Sandbox {
  readonly listener: RequestListener;
  /** Every Lean request received, oldest first, also those that a fault then killed; the last 10000. */
  readonly requests: ReceivedRequest[];
  readonly faults: Faults;
  readonly payouts: SandboxPayouts;
  readonly webhooks: Webhooks;
  latencyMs: number;
  /**
   * Back to the seeded payouts, without faults, recorded requests and webhooks under way. Issued access tokens stay
   * good, and webhooks go where they went.
   */
  reset(): void;
}

/** A sandbox that listens. */
export interface RunningSandbox extends Sandbox {
  readonly url: string;
  /** How many connections are open. */
  connections(): Promise<number>;
  /** Stops listening and sending, and drops every connection. */
  close(): Promise<void>;
}

/** Makes a sandbox that serves through its `listener`; it opens no socket. Throws a RangeError on a wrong option. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const {
    seed = 1,
    payouts: count = 300,
    speed = 1,
    latencyMs = 0,
    maxPageSize = 100,
    clock = Date.now,
  } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be greater than 0: ${String(speed)}`);
  const profileName = options.profile ?? 'v2';
  const profile = profileNamed(profileName);
  const startMs = clock();
  const store = new PayoutStore();
  const memory = new IdempotencyMemory();
  let newIds = new Random(seed, 'ids');
  const ids = () => newIds;
  const log = new EventLog();
  const timetable = new Timetable(clock);
  const webhooks = new Webhooks(options.webhook, { log, timetable, clock, speed, seed });
  const send = webhooks.send.bind(webhooks);
  const announcer = new Announcer({ log, send, timetable, clock, seed });
  const lean: Lean = { profile, store, memory, log, announcer, timetable, speed, maxPageSize, ids };
  const desk: FrontDesk = { lean, tokens: new AccessTokens(new Random(seed, 'tokens')), clock };
  const delivery = new Delivery(clock, new Random(seed, 'answers'));

  const sandbox: Sandbox = {
    listener: (request, response) => {
      const { path, query } = targetOf(request);
      if (isControlPath(path)) {
        control(sandbox, profileName, request, response).catch(() => response.destroy());
      } else if (hasBody(request)) {
        bodyOf(request).then(
          body => respond(request, response, { path, query, body }),
          () => response.destroy(),
        );
      } else {
        respond(request, response, { path, query, body: '' });
      }
    },
    requests: [],
    faults: new Faults(new Random(seed, 'faults')),
    payouts: new SandboxPayouts(store, { profile, clock, speed, ids, announcer, forget }),
    webhooks,
    latencyMs,
    reset: () => {
      sandbox.requests.length = 0;
      sandbox.latencyMs = latencyMs;
      sandbox.faults.restart(new Random(seed, 'faults'));
      delivery.restart(new Random(seed, 'answers'));
      newIds = new Random(seed, 'ids');
      memory.clear();
      webhooks.restart();
      fill();
    },
  };
  fill();
  return sandbox;

  function fill(): void {
    store.clear();
    forget();
    for (const payout of seedPayouts(profile, count, seed, startMs)) {
      store.insert(payout);
      announcer.follow(payout, instantFromMs(startMs));
    }
  }

  function forget(): void {
    log.clear();
    timetable.clear();
    webhooks.forget();
  }

  function respond(
    request: IncomingMessage,
    response: ServerResponse,
    target: Pick<ReceivedRequest, 'path' | 'query' | 'body'>,
  ): void {
    const route = routeOf(request.method ?? '', target.path);
    record(sandbox.requests, request, { operation: route.operation, ...target });
    const { delayMs, spoiling } = sandbox.faults.strike(route.operation);
    if (spoiling?.kind === 'drop_before') {
      response.destroy();
      return;
    }
    const before = (spoiling?.kind === 'status' || spoiling?.kind === 'html') && spoiling.after !== true;
    const own = before ? nothing : answerRequest(desk, request, route, target);
    const answer = (spoiling && delivery.substitute(spoiling)) ?? own;
    const waitMs = sandbox.latencyMs + delayMs;
    if (waitMs === 0 && own.ready === undefined) {
      delivery.send(response, answer, spoiling);
      return;
    }
    void Promise.all([own.ready, waitMs === 0 ? undefined : pause(waitMs)]).then(() => {
      delivery.send(response, answer, spoiling);
    });
  }
}

const nothing: Answer = { status: 200, body: '' };

/** Starts a sandbox on a port of its own. Rejects when the port cannot be had. */
export async function startSandbox(
  options: SandboxOptions & {
    /** 0 takes any free one. @default 0 */
    readonly port?: number;
    /** @default '127.0.0.1' */
    readonly host?: string;
  } = {},
): Promise<RunningSandbox> {
  const { port = 0, host = '127.0.0.1' } = options;
  const sandbox = createSandbox(options);
  const server = createServer({ keepAliveTimeout: 60_000 }, sandbox.listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return Object.assign(sandbox, {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`,
    connections: () =>
      new Promise<number>((resolve, reject) => {
        server.getConnections((error, count) => {
          if (error === null) resolve(count);
          else reject(error);
        });
      }),
    close: () =>
      new Promise<void>(resolve => {
        sandbox.webhooks.stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
