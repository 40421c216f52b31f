/**
 * The number of requests after which an operation takes the fast path: 0, or Infinity with `FAST_PATH=off`. The tests
 * of operations run with both, because the responses must not differ.
 */
export const hotAfter = process.env['FAST_PATH'] === 'off' ? Infinity : 0;
