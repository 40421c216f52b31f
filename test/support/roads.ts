/**
 * After how many requests a document is compiled: at once, so that all tests go over compiled operations; or never,
 * where they are to go over Yoga alone (`ROAD=yoga`). What callers see must be the same.
 */
export const compileAfter = process.env['ROAD'] === 'yoga' ? Infinity : 0;
