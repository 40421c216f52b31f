export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Upper bounds, the smallest first. */
  readonly buckets: readonly number[];
}

/** What has been observed under the same labels. */
interface Series {
  readonly labels: readonly string[];
  /** How often a value fell between a bound and the one before it; last, how often it was above all. */
  readonly counts: number[];
  sum: number;
}

/**
 * How values are distributed, by labels, for a registry of prom-client's to write out. Its own histogram finds the labels
 * and the bucket of each value by texts that it makes of them: next to the hundred Lean calls of a page that shows.
 * @see https://prometheus.io/docs/concepts/metric_types/#histogram
 */
export class Histogram {
  readonly name: string;
  readonly #options: HistogramOptions;
  readonly #series = new Map<string, Series>();

  constructor(options: HistogramOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** @param labels values for the label names, in their order */
  observe(value: number, ...labels: readonly string[]): void {
    const key = labels.join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: [...this.#options.buckets.map(() => 0), 0], sum: 0 };
      this.#series.set(key, series);
    }
    const { buckets } = this.#options;
    let bucket = 0;
    while (bucket < buckets.length && value > (buckets[bucket] ?? Infinity)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
  }

  /** All values so far, as the registry writes them. */
  get(): Promise<object> {
    const { name, help } = this.#options;
    const values = [...this.#series.values()].flatMap(series => this.#written(series));
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  }

  #written({ labels: given, counts, sum }: Series): object[] {
    const { name, labelNames, buckets } = this.#options;
    const labels = Object.fromEntries(labelNames.map((label, index) => [label, given[index]]));
    let count = 0;
    const upTo = counts.map((times, index) => {
      count += times;
      return {
        metricName: `${name}_bucket`,
        labels: { le: buckets[index] ?? '+Inf', ...labels },
        value: count,
      };
    });
    return [
      ...upTo,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
