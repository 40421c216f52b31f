import { behaviourFields } from '../lean-api/behaviour.ts';
import { faultKinds } from '../lean-api/fault-rule.ts';
import { unrelatedEvents } from '../webhooks/unrelated-events.ts';

/**
 * All control routes with their descriptions. They take no credentials, because the sandbox is meant for one's own
 * machine. Lean's servers have no such routes.
 */
export const controlRoutes = {
  'GET /sandbox': 'describes the sandbox: profile, behaviour, credentials, accounts, destinations, routes',
  'POST /sandbox/reset':
    'restores the seeded payouts and the initial behaviour, and removes faults and recorded requests; the webhook target stays',
  'GET /sandbox/faults': 'lists the active faults',
  'POST /sandbox/faults': `adds a fault: {"kind", "operation"?, "times"?, "probability"?, ...}; kinds: ${faultKinds.join(', ')}`,
  'DELETE /sandbox/faults': 'removes all faults',
  'POST /sandbox/payouts/{id}/authorize': 'authorises a waiting payout; id: its intent or payment id',
  'POST /sandbox/payouts/{id}/change':
    'changes a payout and sends a webhook: {"status"?, "postInitiationStatus"?, "bankTransactionReference"?, ...}',
  'GET /sandbox/webhooks': 'shows the webhook target, the webhook faults and all attempts, oldest first',
  'PUT /sandbox/webhooks':
    '{"url", "secret"} sets the webhook target; {"duplicate"?, "reorder"?, "lose"?} sets the share of webhooks, from 0 to 1, that each fault affects',
  'DELETE /sandbox/webhooks': 'removes the webhook target, so that no webhooks are sent',
  'POST /sandbox/webhooks/unrelated-event': `sends an event that is not about a payout: {"kind"}; kinds: ${unrelatedEvents.join(', ')}`,
  'GET /sandbox/requests': 'lists the received Lean requests, oldest first',
  'DELETE /sandbox/requests': 'removes the recorded requests',
  'GET /sandbox/behaviour': 'shows the switches that make Lean behave worse than documented',
  'PUT /sandbox/behaviour': `changes some of the switches: {${behaviourFields.map(field => `"${field}"?`).join(', ')}}`,
  'DELETE /sandbox/behaviour': 'restores the initial values of all switches',
  'PUT /sandbox/latency': '{"ms": 50} delays every Lean response by that many ms',
} as const;
