import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  sandboxCredentials,
  waitingIntentId,
} from '../fixtures.ts';
import { type LeanBehaviour, parseBehaviour } from '../lean-api/behaviour.ts';
import { parseFaultRule } from '../lean-api/fault-rule.ts';
import { hasBody, readBody } from '../lean-api/received-request.ts';
import type { SandboxProfile } from '../profile.ts';
import type { Sandbox } from '../sandbox-handle.ts';
import { maxLatencyMs } from '../sandbox-options.ts';
import { unrelatedEvents } from '../webhooks/unrelated-events.ts';
import { handlePayoutRoute } from './payouts.ts';
import { badRequest, type ControlResponse, ok, parseControlBody, unknownRoute } from './response.ts';
import { controlRoutes } from './routes.ts';
import { describeWebhooks, parseUnrelatedEvent, parseWebhookChange } from './webhooks.ts';

/** The profile and the behaviour that the sandbox started with. */
interface InitialSettings {
  readonly profile: SandboxProfile;
  readonly behaviour: Readonly<LeanBehaviour>;
}

export function isControlPath(path: string): boolean {
  return path === '/sandbox' || path.startsWith('/sandbox/');
}

/** Handles a request to a control route. Rejects if the client disconnects before its body has arrived. */
export async function handleControlRequest(
  sandbox: Sandbox,
  initial: InitialSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = hasBody(request) ? await readBody(request) : '';
  const path = (request.url ?? '').replace(/\?.*/s, '');
  const { status, body } = commandResponse(sandbox, initial, `${request.method ?? ''} ${path}`, text);
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}

/** Runs a command. An error, which is a bug of the sandbox, becomes a response with status 500. */
function commandResponse(...request: Parameters<typeof runCommand>): ControlResponse {
  try {
    return runCommand(...request);
  } catch (error) {
    return { status: 500, body: { error: String(error) } };
  }
}

function runCommand(
  sandbox: Sandbox,
  initial: InitialSettings,
  route: string,
  text: string,
): ControlResponse {
  switch (route) {
    case 'GET /sandbox':
      return ok(description(sandbox, initial));
    case 'POST /sandbox/reset':
      sandbox.reset();
      return ok({ payouts: sandbox.payouts.all().length });
    case 'POST /sandbox/faults': {
      const rule = parseFaultRule(parseControlBody(text));
      if (typeof rule === 'string') return badRequest(rule);
      sandbox.faults.add(rule);
      return ok({ faults: sandbox.faults.list() });
    }
    case 'DELETE /sandbox/faults':
      sandbox.faults.clear();
      return ok({ faults: [] });
    case 'GET /sandbox/faults':
      return ok({ faults: sandbox.faults.list() });
    case 'DELETE /sandbox/requests':
      sandbox.requests.length = 0;
      return ok({ requests: [] });
    case 'GET /sandbox/requests':
      return ok({ requests: sandbox.requests });
    case 'PUT /sandbox/latency':
      return setLatency(sandbox, parseControlBody(text));
    case 'GET /sandbox/webhooks':
      return ok(describeWebhooks(sandbox.webhooks));
    case 'PUT /sandbox/webhooks':
      return setWebhooks(sandbox, parseControlBody(text));
    case 'DELETE /sandbox/webhooks':
      sandbox.webhooks.target = undefined;
      return ok(describeWebhooks(sandbox.webhooks));
    case 'POST /sandbox/webhooks/unrelated-event': {
      const kind = parseUnrelatedEvent(parseControlBody(text));
      if (kind === undefined) return badRequest(`kind must be one of ${unrelatedEvents.join(', ')}`);
      return ok({ event_id: sandbox.webhooks.sendUnrelatedEvent(kind) });
    }
    case 'GET /sandbox/behaviour':
      return ok(sandbox.behaviour);
    case 'PUT /sandbox/behaviour':
      return setBehaviour(sandbox, parseControlBody(text));
    case 'DELETE /sandbox/behaviour':
      return ok(Object.assign(sandbox.behaviour, initial.behaviour));
    default:
      return handlePayoutRoute(sandbox.payouts, route, parseControlBody(text)) ?? unknownRoute(route);
  }
}

function setWebhooks({ webhooks }: Sandbox, body: unknown): ControlResponse {
  const change = parseWebhookChange(body);
  if (typeof change === 'string') return badRequest(change);
  if (change.target !== undefined) webhooks.target = change.target;
  Object.assign(webhooks.faults, change.faults);
  return ok(describeWebhooks(webhooks));
}

function setBehaviour({ behaviour }: Sandbox, body: unknown): ControlResponse {
  const change = parseBehaviour(body);
  return typeof change === 'string' ? badRequest(change) : ok(Object.assign(behaviour, change));
}

function setLatency(sandbox: Sandbox, body: unknown): ControlResponse {
  const ms: unknown = typeof body === 'object' && body !== null && 'ms' in body ? body.ms : undefined;
  if (typeof ms !== 'number' || ms < 0 || ms > maxLatencyMs) {
    return badRequest(`the body must be {"ms": N} with a number N from 0 to ${String(maxLatencyMs)}`);
  }
  sandbox.latencyMs = ms;
  return ok({ ms });
}

function description({ behaviour }: Sandbox, { profile }: InitialSettings): object {
  return {
    description: "A sandbox that speaks Lean's Payouts API. No money moves.",
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
