export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** The upper bounds in ascending order. */
  readonly buckets: readonly number[];
}

/** The observations with the same label values. */
interface Series {
  readonly labels: readonly string[];
  /** The number of values in each bucket, not cumulative. The last one counts values above all bounds. */
  readonly counts: number[];
  sum: number;
}

/**
 * A Prometheus histogram that a prom-client registry can render, in place of prom-client's own (docs/performance.md).
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

  /** @param labels the label values, in the order of `labelNames` */
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

  /** All samples in the format of prom-client's registry. */
  get(): Promise<object> {
    const { name, help } = this.#options;
    const values = [...this.#series.values()].flatMap(series => this.#samplesOf(series));
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  }

  #samplesOf({ labels: labelValues, counts, sum }: Series): object[] {
    const { name, labelNames, buckets } = this.#options;
    const labels = Object.fromEntries(labelNames.map((label, index) => [label, labelValues[index]]));
    let count = 0;
    const cumulative = counts.map((inBucket, index) => {
      count += inBucket;
      return {
        metricName: `${name}_bucket`,
        labels: { le: buckets[index] ?? '+Inf', ...labels },
        value: count,
      };
    });
    return [
      ...cumulative,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
