import type { Logger } from 'pino';
import { AccessTokens } from '../access/access-tokens.ts';
import { Authenticator } from '../access/authenticator.ts';
import { SigningKeys } from '../access/signing-keys.ts';
import type { Config } from '../config/config.ts';
import type { Core } from './core.ts';

/** Who is let in. */
export interface Access {
  readonly authenticator: Authenticator;
  /** What keeps everybody out, as far as is known; undefined when nothing does. */
  unhealthyReason(): string | undefined;
  /** Reads what callers are told apart by; resolves after the first reading, whatever came of it. */
  start(): Promise<void>;
  stop(): void;
}

/** Wires the door that all surfaces have in common. */
export function accessFrom(config: Config, core: Core, log: Logger): Access {
  const { auth, routerSecret, requestsPerMinute } = config;
  const keys = auth.kind === 'jwt' ? keysAt(auth.jwksUrl, log) : undefined;
  const tokens = auth.kind === 'jwt' && keys !== undefined ? new AccessTokens({ ...auth, keys }) : undefined;
  return {
    authenticator: new Authenticator({
      tokens,
      routerSecret,
      limit: core.rateLimit('requests', requestsPerMinute),
    }),
    unhealthyReason: () => (keys?.known === false ? 'no keys to check access tokens with' : undefined),
    start: async () => keys?.start(),
    stop: () => keys?.stop(),
  };
}

function keysAt(url: URL, log: Logger): SigningKeys {
  return new SigningKeys({
    url,
    onTrouble: problem => {
      if (problem === undefined) log.info('the keys of access tokens can be had again');
      else
        log.error(
          { url: url.href, problem },
          'AUTH_JWKS_URL: the keys of access tokens cannot be had; tried again, and keys known before stay good',
        );
    },
  });
}
