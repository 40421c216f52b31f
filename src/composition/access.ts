import type { Logger } from 'pino';
import { AccessTokens } from '../access/access-tokens.ts';
import { Authenticator } from '../access/authenticator.ts';
import { SigningKeys } from '../access/signing-keys.ts';
import type { Config } from '../config/config.ts';
import type { Core } from './core.ts';

/** The authentication of callers. */
export interface Access {
  readonly authenticator: Authenticator;
  /** Why no caller can be authenticated, as far as is known; undefined if callers can be. */
  unhealthyReason(): string | undefined;
  /** Starts reading the signing keys. Resolves after the first read, whether it succeeded or failed. */
  start(): Promise<void>;
  stop(): void;
}

/** Creates the authenticator that all surfaces share. */
export function createAccess(config: Config, core: Core, log: Logger): Access {
  const { auth, routerSecrets, requestsPerMinute } = config;
  const keys = auth.kind === 'jwt' ? createSigningKeys(auth.jwksUrl, log) : undefined;
  const tokens = auth.kind === 'jwt' && keys !== undefined ? new AccessTokens({ ...auth, keys }) : undefined;
  return {
    authenticator: new Authenticator({
      tokens,
      routerSecrets,
      limit: core.createRateLimit('requests', requestsPerMinute),
    }),
    unhealthyReason: () =>
      keys?.available === false ? 'no signing keys to verify access tokens' : undefined,
    start: async () => keys?.start(),
    stop: () => keys?.stop(),
  };
}

function createSigningKeys(url: URL, log: Logger): SigningKeys {
  return new SigningKeys({
    url,
    onFailure: problem => {
      if (problem === undefined) log.info('the signing keys of access tokens can be read again');
      else
        log.error(
          { url: url.href, problem },
          'AUTH_JWKS_URL: the signing keys of access tokens cannot be read; the gateway tries again and trusts known keys',
        );
    },
  });
}
