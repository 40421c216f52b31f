import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseNoise, parsePayoutChange, parseWebhookChange, webhooksShown } from './control-webhooks.ts';
import { faultKinds, parseFaultRule } from './fault-rule.ts';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  sandboxCredentials,
  waitingIntentId,
} from './named.ts';
import { noises } from './noise.ts';
import { bodyOf, hasBody } from './received-request.ts';
import type { SandboxProfile } from './profile.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * The control routes, all of them. They take no credentials and exist only because the sandbox is local: nothing of
 * the kind is on Lean's own servers.
 */
export const controlRoutes = {
  'GET /sandbox': 'what this is: profile, credentials, named ids, routes',
  'POST /sandbox/reset':
    'back to the seeded payouts; no faults, no recorded requests; webhooks go where they went',
  'GET /sandbox/faults': 'the faults in force',
  'POST /sandbox/faults': `adds a fault: {"kind", "operation"?, "times"?, "probability"?, ...}; kinds: ${faultKinds.join(', ')}`,
  'DELETE /sandbox/faults': 'removes every fault',
  'POST /sandbox/payouts/{id}/authorize': 'authorises a waiting payout, by its intent or payment id',
  'POST /sandbox/payouts/{id}/change':
    'changes a payout and tells of it: {"status"?, "postInitiationStatus"?, "bankTransactionReference"?, ...}',
  'GET /sandbox/webhooks': 'where webhooks go, their faults, and the attempts so far, oldest first',
  'PUT /sandbox/webhooks':
    '{"url", "secret"}: webhooks go there from now on; {"duplicate"?, "reorder"?, "lose"?}: the share of them that it befalls',
  'DELETE /sandbox/webhooks': 'webhooks go nowhere from now on',
  'POST /sandbox/webhooks/noise': `tells of something else than a payout: {"kind"}; kinds: ${noises.join(', ')}`,
  'GET /sandbox/requests': 'the Lean requests received, oldest first',
  'DELETE /sandbox/requests': 'forgets them',
  'PUT /sandbox/latency': '{"ms": 50}: every Lean answer comes that much later',
} as const;

interface ControlAnswer {
  readonly status: number;
  readonly body: object;
}

const maxLatencyMs = 600_000;
const payoutPath = /^\/sandbox\/payouts\/([^/]+)\/(authorize|change)$/;

export function isControlPath(path: string): boolean {
  return path === '/sandbox' || path.startsWith('/sandbox/');
}

/** Answers a control request. */
export async function control(
  sandbox: Sandbox,
  profile: SandboxProfile,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = hasBody(request) ? await bodyOf(request) : '';
  const path = (request.url ?? '').replace(/\?.*/s, '');
  const { status, body } = obey(sandbox, profile, `${request.method ?? ''} ${path}`, text);
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}

function obey(sandbox: Sandbox, profile: SandboxProfile, command: string, text: string): ControlAnswer {
  switch (command) {
    case 'GET /sandbox':
      return done(description(profile));
    case 'POST /sandbox/reset':
      sandbox.reset();
      return done({ payouts: sandbox.payouts.all().length });
    case 'POST /sandbox/faults': {
      const rule = parseFaultRule(parse(text));
      if (typeof rule === 'string') return wrong(rule);
      sandbox.faults.add(rule);
      return done({ faults: sandbox.faults.list() });
    }
    case 'DELETE /sandbox/faults':
      sandbox.faults.clear();
      return done({ faults: [] });
    case 'GET /sandbox/faults':
      return done({ faults: sandbox.faults.list() });
    case 'DELETE /sandbox/requests':
      sandbox.requests.length = 0;
      return done({ requests: [] });
    case 'GET /sandbox/requests':
      return done({ requests: sandbox.requests });
    case 'PUT /sandbox/latency':
      return setLatency(sandbox, parse(text));
    case 'GET /sandbox/webhooks':
      return done(webhooksShown(sandbox.webhooks));
    case 'PUT /sandbox/webhooks':
      return setWebhooks(sandbox, parse(text));
    case 'DELETE /sandbox/webhooks':
      sandbox.webhooks.target = undefined;
      return done(webhooksShown(sandbox.webhooks));
    case 'POST /sandbox/webhooks/noise': {
      const noise = parseNoise(parse(text));
      if (noise === undefined) return wrong(`kind must be one of ${noises.join(', ')}`);
      return done({ event_id: sandbox.webhooks.noise(noise) });
    }
    default:
      return steer(sandbox, command, text);
  }
}

/** What is asked of one payout. */
function steer(sandbox: Sandbox, command: string, text: string): ControlAnswer {
  const [method = '', path = ''] = command.split(' ');
  const [, id, verb] = payoutPath.exec(path) ?? [];
  if (method !== 'POST' || id === undefined) {
    return { status: 404, body: { error: `no control route ${command}`, routes: controlRoutes } };
  }
  return verb === 'change' ? change(sandbox, id, parse(text)) : authorize(sandbox, id);
}

function change(sandbox: Sandbox, id: string, body: unknown): ControlAnswer {
  const parsed = parsePayoutChange(body);
  if (typeof parsed === 'string') return wrong(parsed);
  if (!sandbox.payouts.has(id)) return unknownPayout(id);
  return done(sandbox.payouts.change(id, parsed));
}

function authorize(sandbox: Sandbox, id: string): ControlAnswer {
  const outcome = sandbox.payouts.authorize(id);
  if (outcome === 'unknown') return unknownPayout(id);
  if (outcome === 'not_waiting')
    return { status: 409, body: { error: 'the payout does not wait for authorisation' } };
  return done({ authorized: id });
}

function setWebhooks({ webhooks }: Sandbox, body: unknown): ControlAnswer {
  const change = parseWebhookChange(body);
  if (typeof change === 'string') return wrong(change);
  if (change.target !== undefined) webhooks.target = change.target;
  Object.assign(webhooks.faults, change.faults);
  return done(webhooksShown(webhooks));
}

function setLatency(sandbox: Sandbox, body: unknown): ControlAnswer {
  const ms: unknown = typeof body === 'object' && body !== null && 'ms' in body ? body.ms : undefined;
  if (typeof ms !== 'number' || ms < 0 || ms > maxLatencyMs) {
    return wrong(`the body must be {"ms": 0 to ${String(maxLatencyMs)}}`);
  }
  sandbox.latencyMs = ms;
  return done({ ms });
}

function description(profile: SandboxProfile): object {
  return {
    what: "A sandbox that speaks Lean's Payouts API. No money moves.",
    profile,
    credentials: sandboxCredentials,
    accounts,
    destinations,
    examples: {
      payment_id: examplePayoutId,
      payment_intent_id: exampleIntentId,
      waiting_intent_id: waitingIntentId,
    },
    routes: controlRoutes,
  };
}

/** Undefined when the text is not JSON, which no route takes for an answer. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function done(body: object): ControlAnswer {
  return { status: 200, body };
}

function unknownPayout(id: string): ControlAnswer {
  return { status: 404, body: { error: `no payout has the id ${id}` } };
}

function wrong(error: string): ControlAnswer {
  return { status: 400, body: { error } };
}
