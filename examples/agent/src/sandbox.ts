/** Makes the Lean sandbox of `npm run dev` lose its response to the next payout. Only for this demonstration. */
export async function loseNextResponse(sandboxUrl: string): Promise<void> {
  const response = await fetch(new URL('/sandbox/faults', sandboxUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 }),
  });
  if (!response.ok) throw new Error(`the sandbox refused the fault: ${await response.text()}`);
}
