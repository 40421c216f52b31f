import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createPayoutDocument, payoutInput } from './support/payout-input.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from './support/running-gateway.ts';

/* The Grafana dashboard uses only metrics that the gateway exports, and each panel has a description. */

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}

const dashboard = JSON.parse(await readFile('docs/grafana-dashboard.json', 'utf8')) as {
  readonly id?: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly Panel[];
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const targets = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr, plain: expr.replaceAll(/"[^"]*"/g, '') })),
);

/** The metric names in a PromQL expression: all words except labels, durations, functions and keywords. */
function metricsIn(plain: string): string[] {
  const names = plain
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|on) \([^)]*\)/g, '')
    .matchAll(/\b[a-z]\w*\b(?! *\()/g);
  return [...names].map(([name]) => name).filter(name => !['and', 'or', 'by', 'on'].includes(name));
}

/** The labels in an expression, except those that Prometheus and histograms add. */
function labelsIn(plain: string): string[] {
  const filtered = [...plain.matchAll(/(\w+)(?:=~|!~|!=|=)/g)].map(([, name = '']) => name);
  const grouped = [...plain.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '));
  return [...filtered, ...grouped].filter(name => !['le', 'job', 'instance'].includes(name));
}

describe('the metrics of the dashboard', () => {
  let gateway: ListeningGateway;
  /** The exported labels of each series name. */
  const labels = new Map<string, Set<string>>();

  beforeAll(async () => {
    gateway = await startListeningGateway();
    const { errors } = await postOperation(gateway.url, createPayoutDocument, {
      input: payoutInput('order-1'),
    });
    expect(errors).toBeUndefined();
    // The metrics about the store and the clocks appear once the gateway has read them.
    const scrape = await vi.waitUntil(
      async () => {
        const text = await (await fetch(`${gateway.origin}/metrics`)).text();
        return /^lean_payouts_clock_difference_seconds\{/m.test(text) && text;
      },
      { timeout: 60_000 },
    );
    for (const [, name = '', type = ''] of scrape.matchAll(/^# TYPE (\w+) (\w+)$/gm))
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
        labels.set(name + suffix, new Set());
    for (const [, name = '', pairs = ''] of scrape.matchAll(/^(\w+)\{(.*)\} \S+$/gm))
      for (const [, label = ''] of pairs.matchAll(/(\w+)="/g)) labels.get(name)?.add(label);
  });
  afterAll(() => gateway.close());

  it.each(targets)('exist in the gateway with their labels: panel "$title", $expr', ({ plain }) => {
    const metrics = metricsIn(plain);
    expect(metrics).not.toEqual([]);
    expect(metrics.filter(name => !labels.has(name))).toEqual([]);
    const known = new Set(metrics.flatMap(name => [...(labels.get(name) ?? [])]));
    expect(labelsIn(plain).filter(label => !known.has(label))).toEqual([]);
  });

  it('include every metric of the detail cache', () => {
    const ofCache = [...labels.keys()].filter(name => name.startsWith('lean_payouts_detail_cache_'));
    expect(ofCache).toHaveLength(3);
    const shown = new Set(targets.flatMap(({ plain }) => metricsIn(plain)));
    expect(ofCache.filter(name => !shown.has(name))).toEqual([]);
  });
});

describe('the panels of the dashboard', () => {
  it.each(panels)('have a title, a description, a unit and legends: "$title"', panel => {
    expect(panel.title).not.toBe('');
    expect(panel.description).toMatch(/.{30,}\.$/);
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
    for (const { legendFormat } of panel.targets ?? []) expect(legendFormat).not.toBe('');
  });

  it('have unique titles and ids', () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('do not overlap and fit into 24 columns', () => {
    const occupiedCells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, cell) => `${String(x + (cell % w))} ${String(y + Math.floor(cell / w))}`,
      ),
    );
    expect(new Set(occupiedCells).size).toBe(occupiedCells.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('use the data source variable instead of a fixed Prometheus', () => {
    expect(dashboard.id).toBeUndefined();
    expect(dashboard.templating.list).toMatchObject([{ name: 'datasource', type: 'datasource' }]);
    const sources = panels.flatMap(({ datasource, targets = [] }) => [
      datasource?.uid,
      ...targets.map(target => target.datasource.uid),
    ]);
    expect(new Set(sources)).toEqual(new Set(['${datasource}']));
  });
});
