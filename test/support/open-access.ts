import { Authenticator } from '../../src/access/authenticator.ts';

/** Lets everybody in, as `AUTH=none` does. */
export const openAccess = new Authenticator({ tokens: undefined, routerSecret: undefined, limit: undefined });
