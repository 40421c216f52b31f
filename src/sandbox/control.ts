import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultKinds, parseFaultRule } from './fault-rule.ts';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  sandboxCredentials,
  waitingIntentId,
} from './named.ts';
import { bodyOf, hasBody } from './received-request.ts';
import type { SandboxProfile } from './profile.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * The control routes, all of them. They take no credentials and exist only because the sandbox is local: nothing of
 * the kind is on Lean's own servers.
 */
export const controlRoutes = {
  'GET /sandbox': 'what this is: profile, credentials, named ids, routes',
  'POST /sandbox/reset': 'back to the seeded payouts; no faults, no recorded requests',
  'GET /sandbox/faults': 'the faults in force',
  'POST /sandbox/faults': `adds a fault: {"kind", "operation"?, "times"?, "probability"?, ...}; kinds: ${faultKinds.join(', ')}`,
  'DELETE /sandbox/faults': 'removes every fault',
  'POST /sandbox/payouts/{id}/authorize': 'authorises a waiting payout, by its intent or payment id',
  'GET /sandbox/requests': 'the Lean requests received, oldest first',
  'DELETE /sandbox/requests': 'forgets them',
  'PUT /sandbox/latency': '{"ms": 50}: every Lean answer comes that much later',
} as const;

interface ControlAnswer {
  readonly status: number;
  readonly body: object;
}

const maxLatencyMs = 600_000;
const authorizePath = /^\/sandbox\/payouts\/([^/]+)\/authorize$/;

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
    default:
      return authorize(sandbox, command);
  }
}

function authorize(sandbox: Sandbox, command: string): ControlAnswer {
  const [method = '', path = ''] = command.split(' ');
  const [, id] = authorizePath.exec(path) ?? [];
  if (method !== 'POST' || id === undefined) {
    return { status: 404, body: { error: `no control route ${command}`, routes: controlRoutes } };
  }
  const outcome = sandbox.payouts.authorize(id);
  if (outcome === 'unknown') return { status: 404, body: { error: `no payout has the id ${id}` } };
  if (outcome === 'not_waiting')
    return { status: 409, body: { error: 'the payout does not wait for authorisation' } };
  return done({ authorized: id });
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

function wrong(error: string): ControlAnswer {
  return { status: 400, body: { error } };
}
