import { expect, it, onTestFinished, vi } from 'vitest';
import { anonymousCaller } from '../../../../src/access/caller.ts';
import { onExpiry } from '../../../../src/adapters/graphql/subscriptions/token-expiry.ts';

const dayMs = 24 * 60 * 60 * 1000;

function startExpiry(expiresAt: number | undefined) {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const callback = vi.fn();
  const cancel = onExpiry(
    { ...anonymousCaller, ...(expiresAt !== undefined && { expiresAt: Date.now() + expiresAt }) },
    callback,
  );
  return { callback, cancel };
}

it('a token that is valid for longer than the longest timer expires on time', () => {
  const { callback } = startExpiry(60 * dayMs);
  vi.advanceTimersByTime(60 * dayMs - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledOnce();
});

it('a cancelled expiry never calls back, also after the longest timer', () => {
  const { callback, cancel } = startExpiry(60 * dayMs);
  vi.advanceTimersByTime(30 * dayMs);
  cancel();
  vi.advanceTimersByTime(60 * dayMs);
  expect(callback).not.toHaveBeenCalled();
});

it('a caller without an expiry starts no timer', () => {
  startExpiry(undefined);
  expect(vi.getTimerCount()).toBe(0);
});
