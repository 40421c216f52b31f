import { AccessTokens } from './lean-api/access-tokens.ts';
import { Announcer } from './webhooks/announcer.ts';
import { defaultBehaviour, type LeanBehaviour, parseBehaviour } from './lean-api/behaviour.ts';
import { control, isControlPath } from './control/control.ts';
import { Delivery } from './webhooks/delivery.ts';
import { EventLog } from './webhooks/event-log.ts';
import { Faults } from './lean-api/faults.ts';
import { IdempotencyMemory } from './lean-api/idempotency.ts';
import { instantFromMs } from './instant.ts';
import type { Lean } from './lean-api/lean.ts';
import { PayoutStore } from './payout-store.ts';
import { Processing } from './processing.ts';
import { profileNamed } from './profile.ts';
import { Random } from './random.ts';
import { bodyOf, hasBody, targetOf } from './lean-api/received-request.ts';
import { Responder } from './lean-api/responder.ts';
import type { Sandbox } from './sandbox-handle.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import { SandboxPayouts } from './sandbox-payouts.ts';
import { seedPayouts } from './seed.ts';
import { Timetable } from './timetable.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** Puts a sandbox together; `stop` ends its work for good. Throws a RangeError on a wrong option. */
export function assembleSandbox(options: SandboxOptions): { sandbox: Sandbox; stop: () => void } {
  const { seed = 1, payouts: count = 300, speed = 1, latencyMs = 0, maxPageSize = 100 } = options;
  const { profile: profileName = 'v2', clock = Date.now } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be greater than 0: ${String(speed)}`);
  const firstBehaviour = behaviourOf(options);
  const behaviour = { ...firstBehaviour };
  const leanClock = () => clock() + behaviour.clockOffsetMs;
  const startMs = leanClock();
  const profile = profileNamed(profileName);
  const store = new PayoutStore();
  const memory = new IdempotencyMemory();
  let newIds = new Random(seed, 'ids');
  const ids = () => newIds;
  const log = new EventLog();
  const timetable = new Timetable(leanClock);
  // How long Lean works does not depend on what time Lean thinks it is.
  const processing = new Processing(clock);
  const catchUp = processing.catchUp.bind(processing);
  const webhooks = new Webhooks(options.webhook, { log, timetable, catchUp, clock: leanClock, speed, seed });
  const send = webhooks.send.bind(webhooks);
  const announcer = new Announcer({ log, send, timetable, clock: leanClock, seed });
  const lean: Lean = {
    profile,
    behaviour,
    store,
    memory,
    log,
    announcer,
    timetable,
    speed,
    maxPageSize,
    ids,
  };
  const desk = { lean, tokens: new AccessTokens(new Random(seed, 'tokens')) };
  const delivery = new Delivery(leanClock, new Random(seed, 'answers'));

  const sandbox: Sandbox = {
    listener: (request, response) => {
      const { path, query } = targetOf(request);
      if (isControlPath(path)) {
        const start = { profile: profileName, behaviour: firstBehaviour };
        control(sandbox, start, request, response).catch(() => response.destroy());
      } else if (hasBody(request)) {
        bodyOf(request).then(
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
    payouts: new SandboxPayouts(store, { profile, clock: leanClock, speed, ids, announcer, catchUp, forget }),
    webhooks,
    behaviour,
    latencyMs,
    reset: () => {
      sandbox.requests.length = 0;
      sandbox.latencyMs = latencyMs;
      Object.assign(behaviour, firstBehaviour);
      sandbox.faults.restart(new Random(seed, 'faults'));
      delivery.restart(new Random(seed, 'answers'));
      newIds = new Random(seed, 'ids');
      memory.clear();
      processing.clear();
      webhooks.restart();
      fill();
    },
  };
  const responder = new Responder(sandbox, { desk, delivery, processing, clock });
  fill();
  return { sandbox, stop };

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

  function stop(): void {
    processing.clear();
    webhooks.stop();
  }
}

/** The behaviour that a sandbox starts with. Throws a RangeError on a wrong field. */
function behaviourOf({ behaviour = {} }: SandboxOptions): LeanBehaviour {
  const parsed = parseBehaviour(behaviour);
  if (typeof parsed === 'string') throw new RangeError(`behaviour: ${parsed}`);
  return { ...defaultBehaviour(), ...parsed };
}
