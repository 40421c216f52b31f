import { isRecord } from '../exact-json.ts';
import type { SandboxPayouts } from '../sandbox-payouts.ts';
import type { PayoutChange } from '../seeded-payout.ts';
import { badRequest, type ControlResponse, ok, unknownPayout } from './response.ts';

const payoutPath = /^\/sandbox\/payouts\/([^/]+)\/(authorize|change)$/;
const changeKeys: readonly (keyof PayoutChange)[] = [
  'status',
  'postInitiationStatus',
  'bankTransactionReference',
  'granularStatusCode',
  'statusDetails',
];

/**
 * Handles the control routes of single payouts. Undefined if there is no such route.
 * @param route a method and a path
 */
export function handlePayoutRoute(
  payouts: SandboxPayouts,
  route: string,
  body: unknown,
): ControlResponse | undefined {
  const [method = '', path = ''] = route.split(' ');
  const [, id, action] = payoutPath.exec(path) ?? [];
  if (method !== 'POST' || id === undefined) return undefined;
  return action === 'change' ? change(payouts, id, body) : authorize(payouts, id);
}

function change(payouts: SandboxPayouts, id: string, body: unknown): ControlResponse {
  const parsed = parsePayoutChange(body);
  if (typeof parsed === 'string') return badRequest(parsed);
  if (!payouts.has(id)) return unknownPayout(id);
  return ok(payouts.change(id, parsed));
}

/** Parses a change of a payout. A string says what is wrong with it. */
function parsePayoutChange(value: unknown): PayoutChange | string {
  if (!isRecord(value)) return 'the body must be an object';
  for (const [key, field] of Object.entries(value)) {
    if (!changeKeys.some(known => known === key))
      return `unknown field ${key}; accepted fields: ${changeKeys.join(', ')}`;
    const isNullable = key !== 'status';
    if (typeof field !== 'string' && !(field === null && isNullable))
      return `${key} must be a string${isNullable ? ' or null' : ''}`;
  }
  return value; // every field has passed its check
}

function authorize(payouts: SandboxPayouts, id: string): ControlResponse {
  const outcome = payouts.authorize(id);
  if (outcome === 'unknown') return unknownPayout(id);
  if (outcome === 'not_waiting')
    return { status: 409, body: { error: 'the payout does not wait for authorisation' } };
  return ok({ authorized: id });
}
