import { expect, it } from 'vitest';
import { Comparison, type ComparisonOptions } from '../../src/webhooks/comparison.ts';
import { parseInstant, type Instant } from '../../src/payouts/instant.ts';

const upTo = parseInstant('2026-03-01T00:00:00Z') as Instant;

/** A comparison of nothing, of which `onPage` is told before its first page of events. */
function comparing(onPage: (comparison: Comparison) => void) {
  const done: Instant[] = [];
  const comparison: Comparison = new Comparison({
    client: {
      listEvents: () => {
        onPage(comparison);
        return Promise.resolve({ data: [] });
      },
      listPayouts: () => Promise.resolve({ page: { content: [] } }),
    },
    events: {
      since: () => Promise.resolve(upTo),
      lastSteps: () => Promise.resolve(new Map()),
      comparisonDone: (until: Instant) => Promise.resolve(done.push(until)),
    },
    teller: { wake: () => undefined },
    onGaps: () => undefined,
    onTrouble: () => undefined,
    now: () => Date.parse('2026-03-01T01:00:00Z'),
  } as unknown as ComparisonOptions);
  return { comparison, done };
}

it('a comparison that came to its end is not made again', async () => {
  const { comparison, done } = comparing(() => undefined);
  await comparison.compare(upTo);
  expect(done).toEqual(['2026-03-01T01:00:00.000Z']);
});

it('a comparison that was ended half-way is made again from where it began', async () => {
  const { comparison, done } = comparing(running => void running.stop());
  await comparison.compare(upTo);
  expect(done).toEqual([]);
});
