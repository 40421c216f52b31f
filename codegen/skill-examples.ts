/** Worked examples in Markdown, by tool name. Each contains the arguments of a call as JSON. */
export const skillExamples: Readonly<Record<string, string>> = {
  'lean-createpayoutpayment': `
Pay 16.50 dirhams for invoice 001:

\`\`\`json
{
  "idempotency_key": "order-4711",
  "body": {
    "payment_details": [
      {
        "account_id": "a0000000-0000-4000-8000-000000000001",
        "currency": "AED",
        "destination_details": [
          {
            "payment_destination_id": "d0000000-0000-4000-8000-000000000001",
            "amount": "16.50",
            "description": "INV 001",
            "authorize_payment": true
          }
        ]
      }
    ]
  }
}
\`\`\`

The answer has a \`payment_intent_id\`: say that the payout is on its way, and look it up by that.`,
  'lean-listpayouts': `
The newest ten payouts of at least 1000 that were made in March:

\`\`\`json
{ "page_size": 10, "amount_min": "1000", "from": "2026-03-01T00:00:00Z", "to": "2026-03-31T23:59:59Z" }
\`\`\``,
  'lean-getpayoutpaymenthistory': `
When did the bank accept it?

\`\`\`json
{ "payment_id": "c0000000-0000-4000-8000-000000000001" }
\`\`\``,
  'lean-getpayout': `
Has it been paid?

\`\`\`json
{ "payment_id": "b0000000-0000-4000-8000-000000000001" }
\`\`\`

\`"status": "ACCEPTED_BY_BANK", "post_initiation_status": null\` means: accepted, not yet known whether it is paid.`,
  'lean-getpayoutintent': `
What is the outcome of the payout that was just created?

\`\`\`json
{ "payment_intent_id": "c0000000-0000-4000-8000-000000000001" }
\`\`\``,
};
