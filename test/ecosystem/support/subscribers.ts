/** The number of a gateway's subscribers. @param url any address of the gateway */
export async function subscribersOf(url: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^lean_payouts_subscribers (\d+)$/m.exec(text)?.[1]);
}
