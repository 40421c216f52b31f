/**
 * The value of a metric of a gateway; NaN if it has none of this name.
 * @param url any address of the gateway
 */
export async function metricOf(url: string, name: string): Promise<number> {
  const lines = (await (await fetch(new URL('/metrics', url))).text()).split('\n');
  return Number(lines.find(line => line.startsWith(`${name} `))?.slice(name.length));
}
