/**
 * How often an operation is asked for before it takes the fast path: at once, so that all tests take it, or never
 * (`FAST_PATH=off`). The tests of operations run both ways, because callers must see no difference.
 */
export const hotAfter = process.env['FAST_PATH'] === 'off' ? Infinity : 0;
