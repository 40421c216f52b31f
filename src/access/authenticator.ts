import { hash, timingSafeEqual } from 'node:crypto';
import { anonymousCaller, missingTokenMessage, type Caller } from './caller.ts';
import { Unauthenticated } from '../errors/gateway-errors.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { RateLimit } from './rate-limits.ts';

/** The headers of a request that authenticate its sender. */
export interface Credentials {
  /** The `authorization` header. */
  readonly authorization: string | null | undefined;
  /** The `x-router-secret` header. */
  readonly routerSecret?: string | null | undefined;
}

/** The result of authentication. */
export interface AuthContext {
  readonly caller: Caller;
  /** Whether the sender is the router of the supergraph: it has sent the router secret. */
  readonly isRouter: boolean;
  /** Whether the sender may query entities and the subgraph's SDL. Everyone may if no router secret is configured. */
  readonly mayActAsRouter: boolean;
}

export interface AuthenticatorOptions {
  /** Undefined with `AUTH=none`: every request is accepted as `anonymousCaller`. */
  readonly tokens: AccessTokens | undefined;
  /** The secrets that identify the router, any of which it may send. If there are none, everyone may act as the router. */
  readonly routerSecrets: readonly string[];
  /** The rate limit for requests; undefined if there is none. */
  readonly limit: RateLimit | undefined;
}

/** The caller of a router's own request without an access token. It has no scopes, so it can only query the SDL. */
const routerWithoutToken: Caller = { subject: '', scopes: new Set(), unauthenticated: true };

/** Authenticates every request on every surface before anything else happens, and applies the rate limit. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #routerSecretDigests: readonly Buffer[];

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#routerSecretDigests = options.routerSecrets.map(digestOf);
  }

  /**
   * @throws Unauthenticated without a valid access token, if one is required
   * @throws AccessUnavailable when tokens cannot be checked
   * @throws RateLimited
   */
  async authenticate(credentials: Credentials): Promise<AuthContext> {
    const isRouter = this.isRouter(credentials.routerSecret);
    const caller = await this.#callerOf(credentials.authorization, isRouter);
    await this.countRequest(caller);
    return { caller, isRouter, mayActAsRouter: isRouter || this.#routerSecretDigests.length === 0 };
  }

  /**
   * Counts a request of a caller that is already authenticated, such as an operation on a WebSocket.
   * @throws RateLimited
   */
  async countRequest({ subject }: Caller): Promise<void> {
    await this.#options.limit?.take(subject);
  }

  async #callerOf(authorization: string | null | undefined, router: boolean): Promise<Caller> {
    const { tokens } = this.#options;
    if (tokens === undefined) return anonymousCaller;
    if (authorization == null || authorization === '') {
      if (router) return routerWithoutToken;
      throw new Unauthenticated(missingTokenMessage, false);
    }
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    if (token === undefined)
      throw new Unauthenticated(
        'The authorization header is malformed: send authorization: Bearer <token>.',
        true,
      );
    return tokens.callerOf(token);
  }

  /** Whether the value of an `x-router-secret` header is one of the router's secrets. */
  isRouter(given: string | null | undefined): boolean {
    if (given == null || this.#routerSecretDigests.length === 0) return false;
    const digest = digestOf(given);
    // Digests have the same length, so each is compared in constant time. All of them are compared, so that the time
    // does not show which secret was sent.
    return this.#routerSecretDigests.filter(secret => timingSafeEqual(digest, secret)).length > 0;
  }
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
