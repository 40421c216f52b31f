import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { connectionLimits as limits } from '../../../../src/adapters/http/connection-limits.ts';
import { Subscriptions } from '../../../../src/adapters/graphql/subscriptions/subscriptions.ts';
import { TooManySubscriptions } from '../../../../src/errors/gateway-errors.ts';

const documentOf = (text: string) => ({ text, document: parse(text) });
const document = documentOf('subscription { payoutUpdated { status } }');
const numberedDocument = (index: number) =>
  documentOf(`subscription S${String(index)} { payoutUpdated { status } }`);

describe('subscriptions', () => {
  it('are limited for each caller', () => {
    const subscriptions = new Subscriptions();
    const ends = Array.from({ length: limits.subscriptionsPerCaller }, () =>
      subscriptions.begin('ann', document),
    );
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    subscriptions.begin('bob', document);
    ends[0]?.();
    ends[0]?.(); // A second call does nothing.
    subscriptions.begin('ann', document);
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    expect(subscriptions.count).toBe(limits.subscriptionsPerCaller + 1);
  });

  it('are limited for all callers together, including routers', () => {
    const subscriptions = new Subscriptions();
    for (let times = 0; times < limits.subscriptions; times += 1) subscriptions.begin(undefined, document);
    expect(() => subscriptions.begin(undefined, document)).toThrow(TooManySubscriptions);
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
  });

  it('have a limited number of different documents for each caller', () => {
    const subscriptions = new Subscriptions();
    const count = limits.subscribedDocumentsPerCaller;
    const ends = Array.from({ length: count }, (_, index) =>
      subscriptions.begin('ann', numberedDocument(index)),
    );
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    subscriptions.begin('ann', numberedDocument(0));
    subscriptions.begin('bob', document);
    subscriptions.begin(undefined, document);
    ends[1]?.();
    subscriptions.begin('ann', document);
  });

  it('have a limited number of different documents for all callers together', () => {
    const subscriptions = new Subscriptions();
    for (let index = 0; index < limits.subscribedDocuments; index += 1)
      subscriptions.begin(`caller-${String(index)}`, numberedDocument(index));
    expect(() => subscriptions.begin('ann', document)).toThrow(TooManySubscriptions);
    expect(() => subscriptions.begin(undefined, document)).toThrow(TooManySubscriptions);
    subscriptions.begin('ann', numberedDocument(0));
  });

  it('of a large document, which only a router may send, count as those of several documents', () => {
    const subscriptions = new Subscriptions();
    const large = documentOf(`subscription { payoutUpdated { ${'status '.repeat(60_000)} } }`);
    const end = subscriptions.begin(undefined, large);
    const begun = Array.from({ length: limits.subscribedDocuments }, (_, index) => {
      try {
        return subscriptions.begin(undefined, numberedDocument(index));
      } catch {
        return undefined;
      }
    }).filter(each => each !== undefined).length;
    expect(begun).toBeGreaterThan(limits.subscribedDocuments - 40);
    expect(begun).toBeLessThan(limits.subscribedDocuments - 20);
    end();
    subscriptions.begin(undefined, document);
  });

  it('share one syntax tree while a subscription with the same text is open', () => {
    const subscriptions = new Subscriptions();
    const end = subscriptions.begin('ann', document);
    const again = documentOf(document.text);
    expect(subscriptions.shared(again)).toBe(document);
    end();
    expect(subscriptions.shared(again)).toBe(again);
  });
});
