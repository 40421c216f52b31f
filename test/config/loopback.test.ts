import { expect, it } from 'vitest';
import { isLoopback, listensOnLoopback } from '../../src/config/loopback.ts';

it.each(['127.0.0.1', '127.9.9.9', '127.1', 'localhost', 'LOCALHOST', '::1'])(
  'a server on %s can be reached only from this machine',
  host => {
    expect(listensOnLoopback(host)).toBe(true);
  },
);

it.each(['127.evil.example', 'localhost.example', '0.0.0.0', '0', '::', '10.0.0.1', '::1:1', ''])(
  'a server on %s may be reached from other machines',
  host => {
    expect(listensOnLoopback(host)).toBe(false);
  },
);

it('0.0.0.0 is this machine as the target of a connection', () => {
  expect(isLoopback('0.0.0.0')).toBe(true);
});
