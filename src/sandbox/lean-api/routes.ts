/** What a request is about, by its path and method alone. */
export type Operation =
  | 'createPayoutPayment'
  | 'listPayouts'
  | 'getPayoutPaymentHistory'
  | 'getPayout'
  | 'getPayoutIntent'
  | 'getDestination'
  | 'listEvents'
  | 'token'
  | 'unknown';

export const operations: readonly Operation[] = [
  'createPayoutPayment',
  'listPayouts',
  'getPayoutPaymentHistory',
  'getPayout',
  'getPayoutIntent',
  'getDestination',
  'listEvents',
  'token',
  'unknown',
];

/** An operation with the id in its path; for `unknown`, whether at least the path is one of Lean's. */
export interface Route {
  readonly operation: Operation;
  readonly id: string;
  readonly pathExists: boolean;
}

const table: readonly (readonly [method: string, path: RegExp, operation: Operation])[] = [
  ['POST', /^\/payouts\/v1\/payment$/, 'createPayoutPayment'],
  ['GET', /^\/payouts\/v1\/payments$/, 'listPayouts'],
  ['GET', /^\/payouts\/v1\/payments\/([^/]+)\/history$/, 'getPayoutPaymentHistory'],
  ['GET', /^\/payouts\/v1\/payment\/destinations\/([^/]+)$/, 'getDestination'],
  ['GET', /^\/payouts\/v1\/intents\/([^/]+)$/, 'getPayoutIntent'],
  ['GET', /^\/payouts\/v1\/([^/]+)$/, 'getPayout'],
  ['GET', /^\/events\/v1$/, 'listEvents'],
  ['POST', /^\/oauth2\/token$/, 'token'],
];

/** Finds the route of a request; the first row whose path fits decides, so literal paths win over ids. */
export function routeOf(method: string, path: string): Route {
  for (const [allowed, pattern, operation] of table) {
    const match = pattern.exec(path);
    if (match === null) continue;
    return {
      operation: method === allowed ? operation : 'unknown',
      id: decode(match[1] ?? ''),
      pathExists: true,
    };
  }
  return { operation: 'unknown', id: '', pathExists: false };
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}
