/**
 * After how many requests a document is known: at once, so that all tests go over known operations; or never,
 * where they are to go over Yoga alone (`ROAD=yoga`). What callers see must be the same.
 */
export const knownAfter = process.env['ROAD'] === 'yoga' ? Infinity : 0;
