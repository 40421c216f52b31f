/** A Lean operation, identified by the path and the method of a request. */
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

/** The route of a request. */
export interface Route {
  readonly operation: Operation;
  /** The id in the path. Empty if the path has none. */
  readonly id: string;
  /** Whether Lean has this path, with this method or with another one. */
  readonly pathExists: boolean;
}

const routes: readonly (readonly [method: string, path: RegExp, operation: Operation])[] = [
  ['POST', /^\/payouts\/v1\/payment$/, 'createPayoutPayment'],
  ['GET', /^\/payouts\/v1\/payments$/, 'listPayouts'],
  ['GET', /^\/payouts\/v1\/payments\/([^/]+)\/history$/, 'getPayoutPaymentHistory'],
  ['GET', /^\/payouts\/v1\/payment\/destinations\/([^/]+)$/, 'getDestination'],
  ['GET', /^\/payouts\/v1\/intents\/([^/]+)$/, 'getPayoutIntent'],
  ['GET', /^\/payouts\/v1\/([^/]+)$/, 'getPayout'],
  ['GET', /^\/events\/v1$/, 'listEvents'],
  ['POST', /^\/oauth2\/token$/, 'token'],
];

/** Finds the route of a request. The first row whose path matches is used, so literal paths precede paths with ids. */
export function routeOf(method: string, path: string): Route {
  for (const [allowed, pattern, operation] of routes) {
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
