import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LeanBehaviour, parseBehaviour } from '../lean-api/behaviour.ts';
import { type ControlAnswer, done, parseControlBody, unknownRoute, wrong } from './answer.ts';
import { controlPayout } from './payouts.ts';
import { controlRoutes } from './routes.ts';
import { parseNoise, parseWebhookChange, webhooksShown } from './webhooks.ts';
import { parseFaultRule } from '../lean-api/fault-rule.ts';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  sandboxCredentials,
  waitingIntentId,
} from '../named.ts';
import { unrelatedEvents } from '../webhooks/unrelated-events.ts';
import type { SandboxProfile } from '../profile.ts';
import { bodyOf, hasBody } from '../lean-api/received-request.ts';
import type { Sandbox } from '../sandbox-handle.ts';

/** How the sandbox started. */
interface SandboxStart {
  readonly profile: SandboxProfile;
  readonly behaviour: Readonly<LeanBehaviour>;
}

const maxLatencyMs = 600_000;

export function isControlPath(path: string): boolean {
  return path === '/sandbox' || path.startsWith('/sandbox/');
}

/** Answers a control request. */
export async function control(
  sandbox: Sandbox,
  start: SandboxStart,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = hasBody(request) ? await bodyOf(request) : '';
  const path = (request.url ?? '').replace(/\?.*/s, '');
  const { status, body } = obey(sandbox, start, `${request.method ?? ''} ${path}`, text);
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}

function obey(sandbox: Sandbox, start: SandboxStart, command: string, text: string): ControlAnswer {
  switch (command) {
    case 'GET /sandbox':
      return done(description(sandbox, start));
    case 'POST /sandbox/reset':
      sandbox.reset();
      return done({ payouts: sandbox.payouts.all().length });
    case 'POST /sandbox/faults': {
      const rule = parseFaultRule(parseControlBody(text));
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
      return setLatency(sandbox, parseControlBody(text));
    case 'GET /sandbox/webhooks':
      return done(webhooksShown(sandbox.webhooks));
    case 'PUT /sandbox/webhooks':
      return setWebhooks(sandbox, parseControlBody(text));
    case 'DELETE /sandbox/webhooks':
      sandbox.webhooks.target = undefined;
      return done(webhooksShown(sandbox.webhooks));
    case 'POST /sandbox/webhooks/noise': {
      const noise = parseNoise(parseControlBody(text));
      if (noise === undefined) return wrong(`kind must be one of ${unrelatedEvents.join(', ')}`);
      return done({ event_id: sandbox.webhooks.noise(noise) });
    }
    case 'GET /sandbox/behaviour':
      return done(sandbox.behaviour);
    case 'PUT /sandbox/behaviour':
      return setBehaviour(sandbox, parseControlBody(text));
    case 'DELETE /sandbox/behaviour':
      return done(Object.assign(sandbox.behaviour, start.behaviour));
    default:
      return controlPayout(sandbox.payouts, command, parseControlBody(text)) ?? unknownRoute(command);
  }
}

function setWebhooks({ webhooks }: Sandbox, body: unknown): ControlAnswer {
  const change = parseWebhookChange(body);
  if (typeof change === 'string') return wrong(change);
  if (change.target !== undefined) webhooks.target = change.target;
  Object.assign(webhooks.faults, change.faults);
  return done(webhooksShown(webhooks));
}

function setBehaviour({ behaviour }: Sandbox, body: unknown): ControlAnswer {
  const change = parseBehaviour(body);
  return typeof change === 'string' ? wrong(change) : done(Object.assign(behaviour, change));
}

function setLatency(sandbox: Sandbox, body: unknown): ControlAnswer {
  const ms: unknown = typeof body === 'object' && body !== null && 'ms' in body ? body.ms : undefined;
  if (typeof ms !== 'number' || ms < 0 || ms > maxLatencyMs) {
    return wrong(`the body must be {"ms": 0 to ${String(maxLatencyMs)}}`);
  }
  sandbox.latencyMs = ms;
  return done({ ms });
}

function description({ behaviour }: Sandbox, { profile }: SandboxStart): object {
  return {
    what: "A sandbox that speaks Lean's Payouts API. No money moves.",
    profile,
    behaviour,
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
