import { existsSync } from 'node:fs';
import { followPayout } from './outcome.ts';
import { pay } from './pay.ts';
import { connectToPayoutTools } from './payout-tools.ts';
import { loseNextResponse } from './sandbox.ts';
import { savePayout } from './saved-payouts.ts';

const {
  MCP_URL = 'http://127.0.0.1:9090/mcp',
  SANDBOX_URL = 'http://127.0.0.1:4010',
  PAYOUTS_FILE = 'payouts.json',
} = process.env;
const tell = (message: string): void => {
  console.log(`  ${message}`);
};

const tools = await connectToPayoutTools(MCP_URL);

console.log('The newest payouts:');
const listed = await tools.call('lean-listpayouts', { page_size: 3 });
if (listed.kind === 'failed') throw new Error(listed.message);
for (const row of listed.json['content'] as Record<string, unknown>[])
  tell(
    `${String(row['amount'])} ${String(row['currency'])} to ${String(row['recipient_name'])}: ${String(row['status'])}`,
  );

// Only a first run loses a response. A later run pays nothing, because it repeats the key of the first one.
if (!existsSync(PAYOUTS_FILE)) await loseNextResponse(SANDBOX_URL);

const payout = await savePayout(PAYOUTS_FILE, 'INV-2041', {
  payment_details: [
    {
      account_id: 'a0000000-0000-4000-8000-000000000001',
      currency: 'AED',
      destination_details: [
        {
          payment_destination_id: 'd0000000-0000-4000-8000-000000000001',
          amount: '16.50',
          description: 'INV 2041',
          authorize_payment: true,
        },
      ],
    },
  ],
});
console.log(`Paying INV-2041 under the key ${payout.idempotency_key}, saved in ${PAYOUTS_FILE}:`);
const paid = await pay(tools, payout, tell);
if (paid.kind === 'failed') {
  tell(paid.message);
  process.exitCode = 1;
} else {
  const [created] = paid.json['payouts_payment_details'] as { readonly payment_intent_id: string }[];
  const intentId = created?.payment_intent_id ?? '';
  tell(`Lean has accepted it as ${intentId}. It is not paid yet.`);
  console.log('Outcome:');
  tell(`It is ${await followPayout(tools, intentId, tell)}.`);
}
await tools.close();
