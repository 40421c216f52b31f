import { type ControlAnswer, done, unknownPayout, wrong } from './answer.ts';
import { parsePayoutChange } from './webhooks.ts';
import type { SandboxPayouts } from '../sandbox-payouts.ts';

const payoutPath = /^\/sandbox\/payouts\/([^/]+)\/(authorize|change)$/;

/** Does what is asked of one payout; undefined when there is no such route. `command` is a method and a path. */
export function controlPayout(
  payouts: SandboxPayouts,
  command: string,
  body: unknown,
): ControlAnswer | undefined {
  const [method = '', path = ''] = command.split(' ');
  const [, id, verb] = payoutPath.exec(path) ?? [];
  if (method !== 'POST' || id === undefined) return undefined;
  return verb === 'change' ? change(payouts, id, body) : authorize(payouts, id);
}

function change(payouts: SandboxPayouts, id: string, body: unknown): ControlAnswer {
  const parsed = parsePayoutChange(body);
  if (typeof parsed === 'string') return wrong(parsed);
  if (!payouts.has(id)) return unknownPayout(id);
  return done(payouts.change(id, parsed));
}

function authorize(payouts: SandboxPayouts, id: string): ControlAnswer {
  const outcome = payouts.authorize(id);
  if (outcome === 'unknown') return unknownPayout(id);
  if (outcome === 'not_waiting')
    return { status: 409, body: { error: 'the payout does not wait for authorisation' } };
  return done({ authorized: id });
}
