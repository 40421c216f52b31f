import fc from 'fast-check';
import { Histogram as LibraryHistogram, Registry, type Metric } from 'prom-client';
import { expect, it } from 'vitest';
import { Histogram } from '../../../src/adapters/observability/histogram.ts';

const options = {
  name: 'duration_seconds',
  help: 'How long it took.',
  labelNames: ['operation', 'outcome'],
  buckets: [0.001, 0.01, 0.1, 1],
};

const observation = fc.record({
  value: fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constantFrom(0, ...options.buckets)),
  operation: fc.constantFrom('getPayout', 'a "quoted"\nname', ''),
  outcome: fc.constantFrom('ok', '5xx'),
});

it('the histogram renders the same text as the histogram of prom-client', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(observation), async observations => {
      const [registry, libraryRegistry] = [new Registry(), new Registry()];
      const histogram = new Histogram(options);
      registry.registerMetric(histogram as unknown as Metric);
      const library = new LibraryHistogram({ ...options, registers: [libraryRegistry] });
      for (const { value, ...labels } of observations) {
        histogram.observe(value, labels.operation, labels.outcome);
        library.observe(labels, value);
      }
      expect(await registry.metrics()).toBe(await libraryRegistry.metrics());
    }),
  );
});
