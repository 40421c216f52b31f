import { createHash, timingSafeEqual } from 'node:crypto';
import { anybody, noToken, type Caller } from './caller.ts';
import { Unauthenticated } from '../errors/gateway-errors.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { RateLimit } from './rate-limits.ts';

/** What a request brings to be let in by. */
export interface Credentials {
  /** Of the header `authorization`. */
  readonly authorization: string | null | undefined;
  /** Of the header `x-router-secret`. */
  readonly routerSecret?: string | null | undefined;
}

/** Who comes in. */
export interface AuthContext {
  readonly caller: Caller;
  /** Whether it is the router of the company's supergraph, known by its secret. */
  readonly router: boolean;
  /** Whether it may ask what routers ask, for entities and the subgraph's SDL: where there is no secret, anyone may. */
  readonly asRouter: boolean;
}

export interface AuthenticatorOptions {
  /** Without it callers are not told apart, and everybody comes in. */
  readonly tokens: AccessTokens | undefined;
  readonly routerSecret: string | undefined;
  /** Of requests; none without it. */
  readonly limit: RateLimit | undefined;
}

/** A router that acts for nobody: it is let in to ask for the SDL, and may do nothing else. */
const nobody: Caller = { subject: '', scopes: new Set(), unknown: true };

/** Where every request on every surface is let in, or not, before anything else is looked at. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * @throws Unauthenticated without a good access token, where one is wanted
   * @throws AccessUnavailable when tokens cannot be checked
   * @throws RateLimited
   */
  async authenticate(credentials: Credentials): Promise<AuthContext> {
    const router = this.#isRouter(credentials.routerSecret);
    const caller = await this.#callerOf(credentials.authorization, router);
    await this.count(caller);
    return { caller, router, asRouter: router || this.#options.routerSecret === undefined };
  }

  /**
   * Counts a request of a caller's who has been let in before, on a connection that many requests come through.
   * @throws RateLimited
   */
  async count({ subject }: Caller): Promise<void> {
    await this.#options.limit?.take(subject);
  }

  async #callerOf(authorization: string | null | undefined, router: boolean): Promise<Caller> {
    const { tokens } = this.#options;
    if (tokens === undefined) return anybody;
    if (authorization == null || authorization === '') {
      if (router) return nobody;
      throw new Unauthenticated(noToken, false);
    }
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    if (token === undefined)
      throw new Unauthenticated('The authorization header is not read: send Bearer and the token.', true);
    return tokens.callerOf(token);
  }

  #isRouter(given: string | null | undefined): boolean {
    const { routerSecret } = this.#options;
    return routerSecret !== undefined && given != null && isEqual(given, routerSecret);
  }
}

/** Takes as long whatever they have in common. */
function isEqual(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
