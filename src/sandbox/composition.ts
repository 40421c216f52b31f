import { handleControlRequest, isControlPath } from './control/control.ts';
import { instantFromMs } from './instant.ts';
import { AccessTokens } from './lean-api/access-tokens.ts';
import { defaultBehaviour, type LeanBehaviour, parseBehaviour } from './lean-api/behaviour.ts';
import { Faults } from './lean-api/faults.ts';
import { IdempotencyStore } from './lean-api/idempotency.ts';
import type { LeanState } from './lean-api/lean-state.ts';
import { hasBody, parseTarget, readBody } from './lean-api/received-request.ts';
import { Responder } from './lean-api/responder.ts';
import { ResponseWriter } from './lean-api/response-writer.ts';
import { PayoutStore } from './payout-store.ts';
import { Processing } from './processing.ts';
import { profileNamed } from './profile.ts';
import { Random } from './random.ts';
import type { Sandbox } from './sandbox-handle.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import { SandboxPayouts } from './sandbox-payouts.ts';
import { Schedule } from './schedule.ts';
import { seedPayouts } from './seed.ts';
import { EventLog } from './webhooks/event-log.ts';
import { EventPublisher } from './webhooks/event-publisher.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/**
 * Creates all parts of a sandbox and connects them. `stop` ends its timers, processing and webhooks for good. Throws
 * a RangeError if an option is invalid.
 */
export function composeSandbox(options: SandboxOptions): { sandbox: Sandbox; stop: () => void } {
  const { seed = 1, payouts: count = 300, speed = 1, latencyMs = 0, maxPageSize = 100 } = options;
  const { profile: profileName = 'v2', clock = Date.now } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be greater than 0: ${String(speed)}`);
  const initialBehaviour = parseInitialBehaviour(options);
  const behaviour = { ...initialBehaviour };
  const leanClock = () => clock() + behaviour.clockOffsetMs;
  const startMs = leanClock();
  const profile = profileNamed(profileName);
  const store = new PayoutStore();
  const idempotency = new IdempotencyStore();
  let resets = 0;
  // Each start and each reset gives other ids to created payouts. A gateway that keeps its records would take a payout
  // with an id that it has recorded for the payout of an earlier key.
  const newIdRng = () => new Random(seed, `ids ${String(startMs)} ${String(resets)}`);
  let currentIdRng = newIdRng();
  const idRng = () => currentIdRng;
  const eventLog = new EventLog();
  const schedule = new Schedule(leanClock);
  // Processing uses the machine's clock, because a change of `clockOffsetMs` must not change how long it takes.
  const processing = new Processing(clock);
  const runDueProcessing = processing.runDue.bind(processing);
  const webhooks = new Webhooks(options.webhook, {
    eventLog,
    schedule,
    runDueProcessing,
    clock: leanClock,
    speed,
    seed,
  });
  const send = webhooks.send.bind(webhooks);
  const eventPublisher = new EventPublisher({ eventLog, send, schedule, clock: leanClock, seed });
  const lean: LeanState = {
    profile,
    behaviour,
    store,
    idempotency,
    eventLog,
    eventPublisher,
    schedule,
    speed,
    maxPageSize,
    idRng,
  };
  const handler = { lean, tokens: new AccessTokens(new Random(seed, 'tokens')) };
  const responseWriter = new ResponseWriter(leanClock, new Random(seed, 'answers'));

  const sandbox: Sandbox = {
    listener: (request, response) => {
      const { path, query } = parseTarget(request);
      if (isControlPath(path)) {
        const initial = { profile: profileName, behaviour: initialBehaviour };
        handleControlRequest(sandbox, initial, request, response).catch(() => response.destroy());
      } else if (hasBody(request)) {
        readBody(request).then(
          body => {
            responder.respond(request, response, { path, query, body });
          },
          () => response.destroy(),
        );
      } else {
        responder.respond(request, response, { path, query, body: '' });
      }
    },
    requests: [],
    faults: new Faults(new Random(seed, 'faults')),
    payouts: new SandboxPayouts(store, {
      profile,
      clock: leanClock,
      speed,
      idRng,
      eventPublisher,
      runDueProcessing,
      dropEvents,
    }),
    webhooks,
    behaviour,
    latencyMs,
    reset: () => {
      sandbox.requests.length = 0;
      sandbox.latencyMs = latencyMs;
      Object.assign(behaviour, initialBehaviour);
      sandbox.faults.reset(new Random(seed, 'faults'));
      responseWriter.reset(new Random(seed, 'answers'));
      resets += 1;
      currentIdRng = newIdRng();
      idempotency.clear();
      processing.clear();
      webhooks.reset();
      insertSeededPayouts();
    },
  };
  const responder = new Responder(sandbox, { handler, responseWriter, processing, clock });
  insertSeededPayouts();
  return { sandbox, stop };

  function insertSeededPayouts(): void {
    store.clear();
    dropEvents();
    for (const payout of seedPayouts(profile, count, seed, startMs)) {
      store.insert(payout);
      eventPublisher.track(payout, instantFromMs(startMs));
    }
  }

  function dropEvents(): void {
    eventLog.clear();
    schedule.clear();
    webhooks.dropPending();
  }

  function stop(): void {
    processing.clear();
    webhooks.stop();
  }
}

/** The behaviour that a sandbox starts with. Throws a RangeError if a field is invalid. */
function parseInitialBehaviour({ behaviour = {} }: SandboxOptions): LeanBehaviour {
  const parsed = parseBehaviour(behaviour);
  if (typeof parsed === 'string') throw new RangeError(`behaviour: ${parsed}`);
  return { ...defaultBehaviour(), ...parsed };
}
