import { describe, expect, it } from 'vitest';
import { connectionLimits as limits } from '../../../src/adapters/connection-limits.ts';
import { Subscriptions } from '../../../src/adapters/graphql/subscriptions.ts';
import { TooManySubscriptions } from '../../../src/payouts/errors.ts';

describe('subscriptions', () => {
  it('of one caller are bounded, and leave room for others', () => {
    const subscriptions = new Subscriptions();
    const ends = Array.from({ length: limits.subscriptionsPerCaller }, () => subscriptions.begin('ann'));
    expect(() => subscriptions.begin('ann')).toThrow(TooManySubscriptions);
    subscriptions.begin('bob');
    ends[0]?.();
    // Calling it twice counts once.
    ends[0]?.();
    subscriptions.begin('ann');
    expect(() => subscriptions.begin('ann')).toThrow(TooManySubscriptions);
    expect(subscriptions.count).toBe(limits.subscriptionsPerCaller + 1);
  });

  it('of all callers together are bounded, those of routers among them', () => {
    const subscriptions = new Subscriptions();
    for (let times = 0; times < limits.subscriptions; times += 1) subscriptions.begin(undefined);
    expect(() => subscriptions.begin(undefined)).toThrow(TooManySubscriptions);
    expect(() => subscriptions.begin('ann')).toThrow(TooManySubscriptions);
  });
});
