import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/config.ts';
import { examplePayoutId } from '../../../src/sandbox/fixtures.ts';
import { createPayoutDocument, payoutInput } from '../../support/payout-input.ts';
import {
  postOperation,
  startListeningGateway,
  type ListeningGateway,
} from '../../support/running-gateway.ts';
import { freshFolder } from '../../support/stores.ts';
import { startTestGateway } from '../../support/test-gateway.ts';

async function start(env: Environment = {}): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0', MCP_PORT: '0', ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** The samples of `/metrics`, by name and labels as they are rendered: `name{a="b"}`. */
async function samples({ origin }: ListeningGateway): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${origin}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const lines = (await response.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map(line => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

const counts = (all: ReadonlyMap<string, number>, name: string): Record<string, number> =>
  Object.fromEntries(
    [...all]
      .filter(([key]) => key.startsWith(`${name}_count{`))
      .map(([key, value]) => [/\{(.*)\}/.exec(key)?.[1] ?? '', value]),
  );

describe('/metrics', () => {
  it('counts requests by surface, operation and outcome', async () => {
    const gateway = await start();
    const query = 'query Mine { payouts(first: 1) { totalCount } }';
    for (let times = 0; times < 3; times += 1) await postOperation(gateway.url, query);
    await postOperation(gateway.url, '{ nonsense }');
    const rest = `${gateway.restUrl ?? ''}/v1/payouts/v1`;
    await fetch(`${rest}/${examplePayoutId}`);
    await fetch(`${rest}/not-an-id`);
    await fetch(`${rest}/00000000-0000-4000-8000-000000000000`);
    expect(counts(await samples(gateway), 'lean_payouts_request_duration_seconds')).toEqual({
      'surface="graphql",operation="payouts",outcome="ok"': 3,
      'surface="graphql",operation="none",outcome="GRAPHQL_VALIDATION_FAILED"': 1,
      'surface="rest",operation="getPayout",outcome="ok"': 1,
      'surface="rest",operation="getPayout",outcome="BAD_USER_INPUT"': 1,
      'surface="rest",operation="getPayout",outcome="LEAN_REFUSED"': 1,
    });
  });

  it('counts requests that are refused before they name an operation, by code', async () => {
    const gateway = await start();
    const { url, restUrl = '', mcpUrl = '' } = gateway;
    const json = { 'content-type': 'application/json' };
    const large = { method: 'POST', headers: json, body: 'x'.repeat(300_000) };
    for (const [address, init] of [
      [url, { headers: { accept: 'text/html' } }],
      [url, large],
      [url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }],
      [`${restUrl}/nothing`, {}],
      [`${restUrl}/v1/payouts/v1/payment`, { method: 'PUT' }],
      [`${restUrl}/v1/payouts/v1/payment`, large],
      [`${restUrl}/v1/payouts/v1/payment`, { method: 'POST', body: '{}' }],
      [mcpUrl, large],
      [mcpUrl, { method: 'POST', headers: json, body: '{' }],
    ] as const)
      expect((await fetch(address, init)).status).toBeGreaterThanOrEqual(400);
    expect(counts(await samples(gateway), 'lean_payouts_request_duration_seconds')).toEqual({
      'surface="graphql",operation="none",outcome="BAD_USER_INPUT"': 3,
      'surface="rest",operation="none",outcome="BAD_USER_INPUT"': 2,
      'surface="rest",operation="createPayoutPayment",outcome="BAD_USER_INPUT"': 2,
      'surface="mcp",operation="none",outcome="BAD_USER_INPUT"': 2,
    });
  });

  it('is rendered once for concurrent requests', async () => {
    const { metrics } = await startTestGateway();
    const text = metrics.render();
    expect(metrics.render()).toBe(text);
    await text;
    expect(metrics.render()).not.toBe(text);
  });

  it('labels operations of the manifest with their names, and all others with their root field', async () => {
    const file = join(await freshFolder(), 'operations.json');
    const document = 'query Known { payouts(first: 1) { totalCount } }';
    const sha256 = createHash('sha256').update(document).digest('hex');
    await writeFile(file, JSON.stringify({ [`sha256:${sha256}`]: document }));
    const gateway = await start({ PERSISTED_OPERATIONS: 'allow', PERSISTED_OPERATIONS_FILE: file });
    await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ documentId: `sha256:${sha256}` }),
    });
    for (let index = 0; index < 150; index += 1)
      await postOperation(
        gateway.url,
        `query Q${String(index)} { __typename a${String(index)}: __typename }`,
      );
    await postOperation(
      gateway.url,
      'query Q { ...F } fragment F on Query { payouts(first: 1) { totalCount } }',
    );
    await postOperation(
      gateway.url,
      `{ payouts(first: 1) { totalCount } payoutByPayment(paymentId: "${examplePayoutId}") { id } }`,
    );
    const operations = Object.keys(counts(await samples(gateway), 'lean_payouts_request_duration_seconds'));
    expect(operations.toSorted()).toEqual(
      ['Known', '__typename', 'payouts', 'several'].map(
        name => `surface="graphql",operation="${name}",outcome="ok"`,
      ),
    );
  });

  it('counts Lean calls by operation, attempt and outcome, including retries', async () => {
    const gateway = await start();
    await fetch(`${gateway.lean.url}/sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'status', status: 503, operation: 'getPayout', times: 1 }),
    });
    await postOperation(gateway.url, `{ payoutByPayment(paymentId: "${examplePayoutId}") { id } }`);
    const all = await samples(gateway);
    expect(counts(all, 'lean_payouts_upstream_call_duration_seconds')).toEqual({
      'operation="getPayout",class="read",attempt="1",outcome="5xx"': 1,
      'operation="getPayout",class="read",attempt="2",outcome="2xx"': 1,
    });
    expect(all.get('lean_payouts_request_lean_calls_sum{surface="graphql"}')).toBe(2);
  });

  it('counts payouts by outcome, and payouts of unknown outcome', async () => {
    const gateway = await start();
    const pay = (key: string, changes: object = {}) =>
      postOperation(gateway.url, createPayoutDocument, { input: payoutInput(key, changes) });
    await pay('a');
    await pay('a');
    await fetch(`${gateway.lean.url}/sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 }),
    });
    await pay('b');
    let all = await samples(gateway);
    expect(all.get('lean_payouts_payouts_total{state="created"}')).toBe(1);
    expect(all.get('lean_payouts_payouts_total{state="unknown"}')).toBe(1);
    expect(all.get('lean_payouts_unresolved_payouts')).toBe(1);
    await pay('b');
    all = await samples(gateway);
    expect(all.get('lean_payouts_unresolved_payouts')).toBe(0);
  });

  it('shows the load of the bulkheads, the readiness of the gateway and its memory', async () => {
    const gateway = await start({ LEAN_MAX_CONCURRENCY: '16' });
    const all = await samples(gateway);
    for (const [kind, max] of [
      ['read', 14],
      ['write', 2],
    ] as const) {
      expect(all.get(`lean_payouts_upstream_connections_max{class="${kind}"}`)).toBe(max);
      for (const name of ['connections_busy', 'queue', 'breaker_open'])
        expect(all.get(`lean_payouts_upstream_${name}{class="${kind}"}`)).toBe(0);
    }
    expect(all.get('lean_payouts_ready')).toBe(1);
    expect(all.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });
});
