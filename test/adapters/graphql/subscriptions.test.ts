import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { connectionLimits as limits } from '../../../src/adapters/http/connection-limits.ts';
import { Subscriptions } from '../../../src/adapters/graphql/subscriptions.ts';
import { TooManySubscriptions } from '../../../src/errors/gateway-errors.ts';

const documentOf = (text: string) => ({ text, document: parse(text) });
const document = documentOf('subscription { payoutUpdated { status } }');
const other = (index: number) => documentOf(`subscription S${String(index)} { payoutUpdated { status } }`);

describe('subscriptions', () => {
  it('of one caller are bounded, and leave room for others', () => {
    const subscriptions = new Subscriptions();
    const ends = Array.from({ length: limits.subscriptionsPerCaller }, () =>
      subscriptions.begin('ann', document),
    );
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    subscriptions.begin('bob', document);
    ends[0]?.();
    // Calling it twice counts once.
    ends[0]?.();
    subscriptions.begin('ann', document);
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    expect(subscriptions.count).toBe(limits.subscriptionsPerCaller + 1);
  });

  it('of all callers together are bounded, those of routers among them', () => {
    const subscriptions = new Subscriptions();
    for (let times = 0; times < limits.subscriptions; times += 1) subscriptions.begin(undefined, document);
    expect(() => subscriptions.begin(undefined, document)).toThrow(TooManySubscriptions);
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
  });

  it('of one caller have so many different documents, and leave room for others', () => {
    const subscriptions = new Subscriptions();
    const count = limits.subscribedDocumentsPerCaller;
    const ends = Array.from({ length: count }, (_, index) => subscriptions.begin('ann', other(index)));
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    subscriptions.begin('ann', other(0));
    subscriptions.begin('bob', document);
    subscriptions.begin(undefined, document);
    ends[1]?.();
    subscriptions.begin('ann', document);
  });

  it('of all callers together have so many different documents', () => {
    const subscriptions = new Subscriptions();
    for (let index = 0; index < limits.subscribedDocuments; index += 1)
      subscriptions.begin(`caller-${String(index)}`, other(index));
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    expect(() => subscriptions.begin(undefined, document)).toThrow(TooManySubscriptions);
    subscriptions.begin('ann', other(0));
  });

  it('with the same text share one syntax tree, as long as one of them is open', () => {
    const subscriptions = new Subscriptions();
    const end = subscriptions.begin('ann', document);
    const again = documentOf(document.text);
    expect(subscriptions.shared(again)).toBe(document);
    end();
    expect(subscriptions.shared(again)).toBe(again);
  });
});
