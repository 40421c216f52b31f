import { execFile } from 'node:child_process';
import { access, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { connectionLimits } from '../src/adapters/http/connection-limits.ts';
import { toolResult } from '../src/adapters/mcp/tool-result.ts';
import { Metrics } from '../src/adapters/observability/metrics.ts';
import { parseConfig, startGateway, type RunningGateway } from '../src/composition/gateway.ts';
import { LeanAnswer } from '../src/lean/answer.ts';
import { leanApplication } from '../src/lean/application.ts';
import { LeanRefused } from '../src/errors/lean-errors.ts';
import { findings } from '../src/payouts/creation/finding.ts';
import { classifyRefusal } from '../src/payouts/creation/refusal.ts';
import { destinations, sandboxCredentials } from '../src/sandbox/fixtures.ts';
import { startSandbox, type RunningSandbox } from '../src/sandbox/sandbox.ts';
import { maxJsonDepth, maxJsonMembers } from '../src/json/json-bounds.ts';
import { openStore } from '../src/store/open.ts';
import { SqlReconciliationRecords } from '../src/store/reconciliation-records.ts';
import { subscribeBySse } from './support/event-stream.ts';
import { runCommand } from './support/command-line.ts';
import { fencedBlocks } from './support/fenced-blocks.ts';
import { createPayoutDocument, leanCreation, payoutInput } from './support/payout-input.ts';
import { freshDatabase, query } from './support/postgres.ts';
import { postOperation, startListeningGateway } from './support/running-gateway.ts';
import { startTestGateway } from './support/test-gateway.ts';

/*
 * The pages in docs/ agree with the code: their commands run and print what the pages show, their tables contain the
 * values of the code, their links work, and the alerts use metrics that the gateway exports.
 */
const names = (await readdir('docs')).filter(name => name.endsWith('.md')).map(name => join('docs', name));
const pages = new Map(
  await Promise.all(['README.md', ...names].map(async name => [name, await readFile(name, 'utf8')] as const)),
);
const operations = pages.get('docs/operations.md') ?? '';
const payments = pages.get('docs/payments.md') ?? '';

const commandsOf = (page: string): string[] =>
  fencedBlocks(page, 'sh|bash|shell|console|zsh').flatMap(text => text.split('\n'));

/** Replaces times and removes npm's own output, so that outputs can be compared. */
function normalize(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+(?:\.\d+)?Z/g, time =>
      time.includes('.') ? '2026-11-24T08:40:10.000Z' : '2026-11-24T08:30:00Z',
    )
    .replace(/^\n?(?:> .*\n)+\n?/, '');
}

describe('docs/limits.md', () => {
  it('states the JSON limits of the code', () => {
    const bounds = `${String(maxJsonDepth)} levels, ${maxJsonMembers.toLocaleString('en')}`;
    expect(pages.get('docs/limits.md')).toMatch(new RegExp(`nesting, values of a JSON body +\\| ${bounds} `));
  });

  it('states the connection limits of the code', () => {
    const connections = /^## Connections$(.*?)^## /ms.exec(pages.get('docs/limits.md') ?? '')?.[1] ?? '';
    const shown = [...connections.matchAll(/^\|[^|]*\|\s*([\d][^|]*?)\s*\|/gm)].map(([, most]) => most);
    const count = (most: number): string => most.toLocaleString('en');
    const seconds = (ms: number): string => `${String(ms / 1000)} s`;
    const kibibytes = (bytes: number): string => `${String(bytes / 2 ** 10)} KiB`;
    const mebibytes = (bytes: number): string => `${String(bytes / 2 ** 20)} MiB`;
    const { unreadMs, ...limits } = connectionLimits;
    expect(connections).toContain(`has not read, for ${seconds(unreadMs)}`);
    const formatted = {
      connections: count(limits.connections),
      connectionsWithoutSubscriptions: count(limits.connectionsWithoutSubscriptions),
      headersMs: seconds(limits.headersMs),
      requestMs: seconds(limits.requestMs),
      headers: count(limits.headers),
      requests: count(limits.requests),
      connectionInitMs: seconds(limits.connectionInitMs),
      connectionInitBytes: kibibytes(limits.connectionInitBytes),
      operations: count(limits.operations),
      subscriptionsPerCaller: count(limits.subscriptionsPerCaller),
      subscriptions: count(limits.subscriptions),
      subscribedDocumentsPerCaller: count(limits.subscribedDocumentsPerCaller),
      subscribedDocuments: count(limits.subscribedDocuments),
      operationIdLength: count(limits.operationIdLength),
      unreadBytes: mebibytes(limits.unreadBytes),
      maxUnreadBytes: mebibytes(limits.maxUnreadBytes),
      maxTotalUnreadBytes: mebibytes(limits.maxTotalUnreadBytes),
      maxTotalIncomingBytes: mebibytes(limits.maxTotalIncomingBytes),
    } satisfies Record<keyof typeof limits, string>;
    expect(shown).toEqual(Object.values(formatted));
  });
});

it('docs/updates.md: a client that follows its steps to read, subscribe and reconnect misses no update', async () => {
  const [read = '', follow = ''] = fencedBlocks(pages.get('docs/updates.md') ?? '', 'graphql');
  const secret = 'any';
  const gateway = await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: secret } });
  onTestFinished(() => gateway.close());
  const { lean, origin, url } = gateway;
  lean.webhooks.target = { url: `${origin}/webhooks/lean`, secret };
  const statusAfter = async (after: unknown): Promise<Record<string, unknown>> => {
    const stream = await subscribeBySse(url, follow, { after });
    return ((await stream.next()) as { payoutUpdated: Record<string, unknown> }).payoutUpdated;
  };
  const { data, errors } = await postOperation(url, read);
  expect(errors).toBeUndefined();
  const { intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  const first = await statusAfter(data?.['payoutUpdatesCursor']);
  expect(first).toMatchObject({ payoutId: `po_${intentId}`, status: 'PENDING_WITH_BANK' });
  lean.payouts.change(intentId, { status: 'FAILED' });
  expect(await statusAfter(first['cursor'])).toMatchObject({
    outcome: 'NOT_PAID',
    payout: { status: 'FAILED', outcome: 'NOT_PAID' },
  });
});

it('docs/updates.md: the first update of a payout without a payment is PAYMENT_UPDATED with the status CREATED', async () => {
  const gateway = await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: 'any' } });
  onTestFinished(() => gateway.close());
  const stream = await subscribeBySse(
    gateway.url,
    'subscription { payoutUpdated { type status paymentId } }',
  );
  const input = { ...payoutInput('key-1'), authorize: false };
  expect((await postOperation(gateway.url, createPayoutDocument, { input })).errors).toBeUndefined();
  expect(await stream.next()).toEqual({
    payoutUpdated: { type: 'PAYMENT_UPDATED', status: 'CREATED', paymentId: null },
  });
});

describe('the commands of docs/operations.md', () => {
  const executed = new Set<string>();
  let lean: RunningSandbox;
  let gateway: RunningGateway;
  let databaseUrl: string;
  let env: Record<string, string>;

  const slowPolling = { timeout: 60_000, interval: 1000 };

  const pay = async (
    key: string,
    amount: string,
  ): Promise<{ readonly status: number; readonly reason?: string }> => {
    const response = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(leanCreation({ amount })),
    });
    return { ...((await response.json()) as object), status: response.status };
  };

  /** Runs a command of the page after `change` has edited it. */
  const run = async (
    command: string,
    change = (text: string): string => text,
  ): Promise<{ readonly out: string; readonly exitCode: number }> => {
    expect(commandsOf(operations)).toContain(command);
    executed.add(command);
    const options = { env: { ...process.env, ...env } };
    return promisify(execFile)('bash', ['-c', change(command)], options).then(
      ({ stdout }) => ({ out: normalize(stdout), exitCode: 0 }),
      (error: { stdout: string; code: number }) => ({ out: normalize(error.stdout), exitCode: error.code }),
    );
  };
  const commandWith = (words: string): string =>
    commandsOf(operations).find(command => command.includes(words)) ?? '';

  beforeAll(async () => {
    lean = await startSandbox();
    databaseUrl = await freshDatabase(inject('postgresUrl'));
    env = {
      LEAN_BASE_URL: lean.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_TIMEOUT_MS: '3000',
      PAYOUT_RESEND_AFTER_MS: '1',
      DATABASE_URL: databaseUrl,
    };
    const ports = { PORT: '0', REST_PORT: '0', MCP_PORT: 'off' };
    gateway = await startGateway(parseConfig({ ...env, ...ports, AUTH: 'none', LOG_LEVEL: 'silent' }));
    // Lean has order-4712, but returns it without its reference. It has neither order-4713 nor order-4714, and
    // order-4714 is sent twice.
    lean.behaviour.references = 'dropped';
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await pay('order-4712', '16.50');
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 3 });
    await pay('order-4713', '75');
    await pay('order-4714', '250');
    const waitForReason = async (key: string, amount: string, reason: string): Promise<void> => {
      await vi.waitFor(async () => {
        expect(await pay(key, amount)).toMatchObject({ reason });
      }, slowPolling);
    };
    await waitForReason('order-4714', '250', 'OPERATOR');
    await waitForReason('order-4712', '16.50', 'UNCLEAR');
    await vi.waitFor(async () => {
      const sql = "SELECT finding FROM lean_payout_requests WHERE idempotency_key = 'order-4713'";
      expect(await query(databaseUrl, sql)).toEqual([{ finding: 'absent' }]);
    }, slowPolling);
  });

  afterAll(async () => {
    await gateway.close();
    await lean.close();
  });

  it('list the open payouts as the page shows, and as JSON', async () => {
    const shown = await run('npm run payouts -- --unknown');
    expect(shown).toEqual({ out: `${fencedBlocks(operations, 'text')[0] ?? ''}\n`, exitCode: 0 });
    expect((await run(commandWith('--since'))).out).toBe(shown.out);
    const { out } = await run(commandWith('--json'));
    expect(JSON.parse(out)).toMatchObject([
      { finding: 'needs_decision' },
      { finding: 'absent' },
      { finding: 'look_alike' },
    ]);
  });

  it('resolve shows the payouts at Lean that may belong to a key', async () => {
    const { out, exitCode } = await run(commandWith('resolve'));
    expect(exitCode).toBe(1);
    expect(out).toContain(`\n${findings.look_alike.description}.\n`);
    expect(out).toContain(`${intentAtLean()}  16.5 AED`);
  });

  it('settle records a decision, and the key then returns its result', async () => {
    const [created = '', notPaid = '', sendAgain = ''] = commandsOf(operations).filter(text =>
      text.includes(' settle '),
    );
    const [, example = ''] = /--created (\S+)/.exec(created) ?? [];
    const settled = {
      exitCode: 0,
      out: expect.stringContaining('Settled, and the decision is kept.') as string,
    };
    const wrong = await run(created);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.out).toContain(`The intent ${example} is not among the payouts at Lean`);
    expect(await run(created, text => text.replace(example, intentAtLean()))).toEqual(settled);
    expect(await run(notPaid)).toEqual(settled);
    expect(await run(sendAgain)).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('Allowed') as string,
    });
    lean.faults.clear();
    expect(await pay('order-4712', '16.50')).toMatchObject({
      status: 200,
      payouts_payment_details: [{ payment_intent_id: intentAtLean() }],
    });
    expect(await pay('order-4713', '75')).toMatchObject({ status: 422, code: 'REJECTED_BY_LEAN' });
    // The gateway sends a payout only after a reconciliation read, and reads at most once in five seconds.
    await vi.waitFor(async () => {
      expect(await pay('order-4714', '250')).toMatchObject({ status: 200 });
    }, slowPolling);
  });

  it('accept-application reports that no payout of the old application is open', async () => {
    const { exitCode, out } = await run(commandWith('accept-application'));
    expect(out).toBe(
      'The Lean application api2.leantech.me old-client-id has no open payouts. Nothing was changed.\n',
    );
    expect(exitCode).toBe(1);
  });

  it('accept-list makes proofs of absence valid again after a contradiction', async () => {
    const database = openStore({ url: databaseUrl });
    const { lean: connection } = parseConfig({ ...env, AUTH: 'none' });
    await new SqlReconciliationRecords(database).doubtAbsence(
      leanApplication(connection),
      'an-intent',
      'a test',
    );
    await database.close();
    expect((await run(commandWith('accept-list'))).out).toBe(
      `Proofs of absence from the list of the Lean application ${leanApplication(connection)} are accepted again. The decision is kept.\n`,
    );
  });

  it('are accompanied by SQL that shows the decisions, the database identity and the reset of completeness', async () => {
    const [decisions = '', identity = '', resetCompleteness = '', ...others] = fencedBlocks(
      operations,
      'sql',
    );
    expect(others).toEqual([]);
    expect(await query(databaseUrl, decisions)).toMatchObject([
      {
        decision: 'created',
        decided_by: 'Amal Haddad',
        intent_id: intentAtLean(),
        decided: expect.any(Date) as Date,
      },
    ]);
    await query(databaseUrl, "CREATE ROLE nobody_special LOGIN PASSWORD 'password'");
    const url = new URL(databaseUrl);
    url.username = 'nobody_special';
    expect(await query(url.href, identity)).toMatchObject([{ timeline: '00000001' }]);
    await query(databaseUrl, resetCompleteness);
    const database = openStore({ url: databaseUrl }, { asGateway: true, lossWindowMs: 600_000 });
    onTestFinished(() => database.close());
    await database.migrate();
    const [store] = await query(databaseUrl, 'SELECT complete_from FROM lean_payout_store');
    expect(Number(store?.['complete_from'])).toBeGreaterThan(Date.now() + 500_000);
  });

  it('are all commands in docs/, except those that readme.test.ts runs', () => {
    const others = names.filter(name => !['docs/rest.md', 'docs/sandbox.md'].includes(name));
    expect(
      others.flatMap(name => commandsOf(pages.get(name) ?? '')).filter(command => !executed.has(command)),
    ).toEqual([]);
  });

  /** The intent id of order-4712. */
  const intentAtLean = (): string =>
    lean.payouts
      .all()
      .find(({ amount, destinationId }) => destinationId === destinations.pays && Number(amount) === 16.5)
      ?.intentId ?? '';
});

describe('docs/operations.md', () => {
  it.each(Object.entries(findings))(
    'explains the finding %s with its description in the log, and advises what to do',
    (name, { reason, description }) => {
      const row = operations.split('\n').find(line => line.startsWith(`| \`${reason} ${name}\` `));
      const [, , meaning = '', advice = ''] = (row ?? '').split('|').map(cell => cell.trim());
      expect(meaning.toLowerCase()).toBe(description.toLowerCase());
      expect(advice.length).toBeGreaterThan(20);
    },
  );
});

describe('docs/payments.md', () => {
  it('shows the REST response for an unknown outcome', async () => {
    const gateway = await startListeningGateway({ env: { REST_PORT: '0' } });
    onTestFinished(() => gateway.close());
    gateway.lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    const response = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'order-4712' },
      body: JSON.stringify(leanCreation()),
    });
    expect(response.headers.get('retry-after')).toBe('30');
    expect(JSON.parse(normalize(await response.text()))).toEqual(
      JSON.parse(fencedBlocks(payments, 'json')[0] ?? ''),
    );
  });

  it('shows a query that returns the result of a key', async () => {
    const gateway = await startTestGateway();
    const [document = ''] = fencedBlocks(payments, 'graphql');
    expect((await gateway.run(document)).data).toEqual({ payoutRequest: null });
    await gateway.run(createPayoutDocument, { input: payoutInput('order-4711') });
    expect((await gateway.run(document)).data).toMatchObject({
      payoutRequest: { results: [{ __typename: 'PayoutCreated', payout: { outcome: 'IN_PROGRESS' } }] },
    });
  });

  it('shows the response to invalid input', async () => {
    const gateway = await startTestGateway();
    const [, document = ''] = fencedBlocks(payments, 'graphql');
    const { data } = await gateway.run<{ createPayout: object }>(document);
    expect(data?.createPayout).toEqual(JSON.parse(fencedBlocks(payments, 'json')[1] ?? ''));
    expect(gateway.lean.requests).toEqual([]);
  });

  it('quotes the tool results for an unknown outcome', () => {
    const unknown = {
      kind: 'unknown',
      message: '',
      idempotencyKey: 'order-4712',
      retryAfterSeconds: 30,
      resendAt: null,
    } as const;
    const [waiting, unclear] = (['WAITING', 'UNCLEAR'] as const).map(reason =>
      JSON.stringify(toolResult({ kind: 'unknown', unknown: { ...unknown, reason } }, {})),
    );
    const quoted = [...payments.replaceAll(/\s+/g, ' ').matchAll(/“([^”]+)”/g)].map(([, text = '']) => text);
    expect(quoted.length).toBeGreaterThanOrEqual(2);
    for (const text of quoted)
      expect(`${waiting ?? ''}${unclear ?? ''}`.replaceAll('\\"', '"')).toContain(text);
  });

  it('lists the Lean codes that reject a payout finally', () => {
    const [, list = ''] = /codes that depend on the request alone are (.*?)\.\n/s.exec(payments) ?? [];
    const codes = [...list.matchAll(/`(\w+)`/g)].map(([, code = '']) => code);
    expect(codes).toHaveLength(13);
    for (const code of codes) expect([code, refusalKind(code)]).toEqual([code, 'final']);
    expect(refusalKind('INSUFFICIENT_BALANCE')).toBe('open');
  });
});

function refusalKind(code: string): string {
  const body = Buffer.from(JSON.stringify({ status: code, message: 'no' }));
  const refused = new LeanAnswer({ status: 422, headers: {}, body }).failure();
  if (!(refused instanceof LeanRefused)) throw new TypeError('not a refusal');
  return classifyRefusal(refused, { idempotencyKey: 'key', first: true, transfers: 1 }).kind;
}

describe('links', () => {
  /** The anchors of a page's headings, as GitHub generates them. */
  const anchorsOf = (page: string): string[] =>
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );

  it.each([...pages])('in %s have existing targets', async (name, page) => {
    for (const [, target = ''] of page.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? name : join(dirname(name), path);
      const text = await readFile(file, 'utf8').catch(() => undefined);
      expect([target, text === undefined]).toEqual([target, false]);
      if (anchor !== undefined)
        expect([target, anchorsOf(text ?? '')]).toEqual([target, expect.arrayContaining([anchor])]);
    }
  });
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

describe('docs/alerts.yml', async () => {
  const { groups } = parse(await readFile('docs/alerts.yml', 'utf8')) as {
    readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
  };
  const rules = groups.flatMap(group => group.rules);

  /** The metrics of a gateway at its second scrape, with a readable or an unreadable store. */
  async function scrape(store: 'readable' | 'unreadable'): Promise<string> {
    const load = { busy: 0, max: 1, waiting: 0, open: false };
    const metrics = new Metrics({
      load: () => ({ read: load, write: load }),
      detailCache: () => ({ hits: 0, misses: 0, bytes: 0 }),
      attention: () =>
        Promise.resolve(
          store === 'readable'
            ? {
                open: { WAITING: 1, UNCLEAR: 1, OPERATOR: 1 },
                oldestSeconds: { WAITING: 1, UNCLEAR: 1, OPERATOR: 1 },
                duplicates: 1,
                doubts: 0,
              }
            : undefined,
        ),
      clocks: () => ({ store: 0, lean: 0 }),
      ready: () => true,
      subscriptions: () => 0,
      connections: () => ({ count: 0, unreadBytes: 0, incomingBytes: 0 }),
    });
    const outcome = 'PAYOUT_STORE_UNAVAILABLE';
    metrics.recordRequest({
      surface: 'graphql',
      operationLabel: 'CreatePayout',
      outcome,
      seconds: 0.1,
      leanCalls: 0,
    } as Parameters<Metrics['recordRequest']>[0]);
    await metrics.render();
    return metrics.render();
  }

  it.each(rules)('$alert uses only metrics and labels that the gateway exports', async ({ expr }) => {
    const text = await scrape('readable');
    const metrics = metricsIn(expr);
    expect(metrics).not.toEqual([]);
    for (const name of metrics) expect(text).toMatch(new RegExp(`^${name}(?:\\{| )`, 'm'));
    for (const [, name = '', label = ''] of expr.matchAll(/(\w+)\{(\w+="\w+")\}/g))
      expect(text).toMatch(new RegExp(`^${name}\\{[^}]*${label}`, 'm'));
  });

  it.each(rules)('$alert has a severity, a summary and a description', ({ labels, annotations }) => {
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary).not.toBe('');
    expect(annotations.description).toMatch(/^[^\n]{40,}\.$/);
  });

  it('has unique alert names', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  it('detects an unreadable store by a metric that is then missing', async () => {
    const { expr = '' } = rules.find(({ alert }) => alert === 'LeanPayoutsStoreUnavailable') ?? {};
    const [, presentMetric = '', missingMetric = ''] =
      /^(\w+) unless on \(job, instance\) (\w+)$/.exec(expr) ?? [];
    const text = await scrape('unreadable');
    expect(text).toMatch(new RegExp(`^${presentMetric} `, 'm'));
    expect(text).not.toMatch(new RegExp(`^${missingMetric}(?:\\{| )`, 'm'));
  });

  it('and the pages mention only metrics that the gateway exports', async () => {
    const text = await scrape('readable');
    for (const [name, page] of pages)
      for (const [metric] of page.matchAll(/\blean_payouts_\w+/g))
        expect([name, metric, text.includes(`# TYPE ${metric} `)]).toEqual([name, metric, true]);
  });
});

/** The metric names in a PromQL expression: all words except labels, strings, durations, functions and keywords. */
function metricsIn(expr: string): string[] {
  const plain = expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) \([^)]*\)/g, '');
  return [...plain.matchAll(/\b[a-z]\w*\b(?! *\()/g)]
    .map(([name]) => name)
    .filter(name => !['sum', 'max', 'unless', 'or', 'offset', '1h'].includes(name));
}

it('docs/federation.md names the versions of composers and routers that test/ecosystem installs', async () => {
  const { devDependencies, optionalDependencies } = JSON.parse(
    await readFile('test/ecosystem/package.json', 'utf8'),
  ) as Readonly<Record<'devDependencies' | 'optionalDependencies', Readonly<Record<string, string>>>>;
  const installed = Object.entries({ ...devDependencies, ...optionalDependencies }).map(
    ([name, version]) => [name, version.replace(/^npm:.*@/, '')] as const,
  );
  const rows = [
    ...(pages.get('docs/federation.md') ?? '').matchAll(/^\| `(@[^`]+)`[^|]*\| ([\d., ]+?) +\|/gm),
  ];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, name = '', versions = ''] of rows) {
    const expected = installed.filter(
      ([key]) => key === name || key.startsWith(`${name.slice(1).replace('/', '-')}-`),
    );
    expect([name, versions.split(', ').sort()]).toEqual([
      name,
      expected.map(([, version]) => version).sort(),
    ]);
  }
});

describe('CONTRIBUTING.md', async () => {
  const contributing = await readFile('CONTRIBUTING.md', 'utf8');

  it('names only files that exist', async () => {
    const paths = [...contributing.matchAll(/`((?:src|test|docs|codegen)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(paths.length).toBeGreaterThan(30);
    for (const path of paths) await expect(access(path), path).resolves.toBeUndefined();
  });

  it.each(commandsOf(contributing).filter(command => !command.startsWith('npm ci && npm test')))(
    'shows a command that succeeds: %s',
    async command => {
      const env = { VITEST: undefined, NODE_ENV: undefined, FAST_PATH: undefined };
      await runCommand(command, { env });
    },
  );
});

it('examples/frontend treats only codes of docs/errors.md as "nothing sent", and never INTERNAL_SERVER_ERROR', async () => {
  const module = await readFile('examples/frontend/src/payment/payment-answer.ts', 'utf8');
  const [, set = ''] = /nothingSentCodes.*?\[(.*?)\]/s.exec(module) ?? [];
  const codes = [...set.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  const listed = [...(pages.get('docs/errors.md') ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);
  expect(codes.filter(code => !listed.includes(code))).toEqual([]);
  expect(codes).not.toContain('INTERNAL_SERVER_ERROR');
  expect(codes).not.toEqual([]);
});
