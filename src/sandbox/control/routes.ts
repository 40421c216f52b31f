import { behaviourFields } from '../lean-api/behaviour.ts';
import { faultKinds } from '../lean-api/fault-rule.ts';
import { unrelatedEvents } from '../webhooks/unrelated-events.ts';

/**
 * The control routes, all of them. They take no credentials and exist only because the sandbox is local: nothing of
 * the kind is on Lean's own servers.
 */
export const controlRoutes = {
  'GET /sandbox': 'what this is: profile, behaviour, credentials, named ids, routes',
  'POST /sandbox/reset':
    'back to the seeded payouts and the behaviour of the start; no faults, no recorded requests; webhooks go where they went',
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
  'POST /sandbox/webhooks/noise': `tells of something else than a payout: {"kind"}; kinds: ${unrelatedEvents.join(', ')}`,
  'GET /sandbox/requests': 'the Lean requests received, oldest first',
  'DELETE /sandbox/requests': 'forgets them',
  'GET /sandbox/behaviour': 'the switches that say how kind Lean is',
  'PUT /sandbox/behaviour': `changes some of the switches: {${behaviourFields.map(field => `"${field}"?`).join(', ')}}`,
  'DELETE /sandbox/behaviour': 'puts all switches back to what they were at the start',
  'PUT /sandbox/latency': '{"ms": 50}: every Lean answer comes that much later',
} as const;
