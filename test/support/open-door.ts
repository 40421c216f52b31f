import { Door } from '../../src/access/door.ts';

/** Lets everybody in, as `AUTH=none` does. */
export const openDoor = new Door({ tokens: undefined, routerSecret: undefined, limit: undefined });
