import { Authenticator } from '../../src/access/authenticator.ts';

/** Accepts every request without credentials, as `AUTH=none` does. */
export const anonymousAuthenticator = new Authenticator({
  tokens: undefined,
  routerSecrets: [],
  limit: undefined,
});
