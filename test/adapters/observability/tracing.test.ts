import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { context, propagation, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/errors/config-error.ts';
import { reportFailures, startTraceExport } from '../../../src/process/opentelemetry.ts';
import { examplePayoutId, sandboxCredentials } from '../../../src/sandbox/fixtures.ts';
import { startLean } from '../../lean/fixtures.ts';
import { runProgram } from '../../support/program.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

async function start(env: Environment = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  const gateway = await startListeningGateway({
    env: { REST_PORT: '0', LEAN_HISTORY_KEY: 'payment_intent_id', ...env },
    traces: true,
  });
  onTestFinished(() => gateway.close());
  return { gateway, spans: () => exporter.getFinishedSpans() };
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
const query = `query Full { payoutByPayment(paymentId: "${examplePayoutId}") { intent { id } history { status } } }`;

/** The names of a span and its parents, from the root. */
function pathOf(span: ReadableSpan, all: readonly ReadableSpan[]): string {
  const parent = all.find(each => each.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent === undefined ? span.name : `${pathOf(parent, all)} > ${span.name}`;
}

describe('traces', () => {
  it('contain spans for the request, its execution, batched loads and Lean calls, in the caller’s trace', async () => {
    const { gateway, spans } = await start();
    await postOperation(gateway.url, query, {}, { headers });
    await expect.poll(() => spans().map(({ name }) => name)).toContain('POST graphql Full');
    const all = spans();
    expect(new Set(all.map(span => span.spanContext().traceId))).toEqual(new Set([traceId]));
    expect(all.map(span => pathOf(span, all)).sort()).toEqual(
      [
        'POST graphql Full',
        'POST graphql Full > graphql query',
        'POST graphql Full > graphql query > paymentById',
        'POST graphql Full > graphql query > paymentById > Lean getPayout',
        'POST graphql Full > graphql query > intentById',
        'POST graphql Full > graphql query > intentById > Lean getPayoutIntent',
        'POST graphql Full > graphql query > historyByPayout',
        'POST graphql Full > graphql query > historyByPayout > Lean getPayoutPaymentHistory',
      ].sort(),
    );
    const server = all.find(({ name }) => name === 'POST graphql Full');
    expect(server?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'lean_payouts.lean_calls': 3,
      'lean_payouts.outcome': 'ok',
    });
  });

  it('contain a span for every attempt of a Lean call', async () => {
    const { gateway, spans } = await start();
    await fetch(`${gateway.lean.url}/sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'status', status: 503, operation: 'getPayout', times: 1 }),
    });
    await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`);
    await expect.poll(() => spans().map(({ name }) => name)).toContain('GET rest getPayout');
    const attempts = spans().filter(({ name }) => name === 'Lean getPayout');
    expect(
      attempts.map(({ attributes }) => [
        attributes['http.response.status_code'],
        attributes['http.request.resend_count'],
      ]),
    ).toEqual([
      [503, 0],
      [200, 1],
    ]);
  });

  it.each([
    ['off', undefined],
    ['on', expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))],
  ])(
    'are propagated to Lean by traceparent alone, if LEAN_TRACE_CONTEXT is on (%s)',
    async (setting, expected) => {
      const { gateway } = await start({ LEAN_TRACE_CONTEXT: setting });
      await postOperation(
        gateway.url,
        query,
        {},
        { headers: { ...headers, tracestate: 'a=b', baggage: 'c=d' } },
      );
      const [received] = gateway.lean.requests;
      expect(received?.headers['traceparent']).toEqual(expected);
      expect(received?.headers['tracestate']).toBeUndefined();
      expect(received?.headers['baggage']).toBeUndefined();
    },
  );
});

describe('the export of traces', () => {
  it('is off by default', async () => {
    expect(await startTraceExport({})).toBeUndefined();
    expect(await startTraceExport({ OTEL_SERVICE_NAME: 'payouts' })).toBeUndefined();
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    expect(await startTraceExport({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined();
    expect(await startTraceExport({ ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
  });

  it.each([
    [
      { OTEL_TRACES_EXPORTER: 'zipkin' },
      'OTEL_TRACES_EXPORTER: "zipkin" is not accepted; accepted: otlp, console, none.',
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not accepted; accepted: http/protobuf.',
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT: its value is not accepted; accepted: an http(s) URL, such as http://localhost:4318.',
    ],
    [
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector' },
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: its value is not accepted; accepted: an http(s) URL, such as http://localhost:4318.',
    ],
  ])('with a setting that is not supported is refused: %j', async (env, problem) => {
    await expect(startTraceExport(env)).rejects.toThrow(new ConfigError([problem]));
  });

  it('to a collector that is down is reported once, and so is its recovery', () => {
    const reports: (string | undefined)[] = [];
    const results = [0, 1, 1, 1, 0, 0].map(code => ({
      code,
      ...(code === 1 && { error: new Error('down') }),
    }));
    const answers: unknown[] = [];
    const exporter = reportFailures(
      {
        export: (_spans, done) => {
          done(results[answers.length] ?? { code: 0 });
        },
        shutdown: () => Promise.resolve(),
      },
      error => reports.push(error?.message),
    );
    for (const result of results) exporter.export([], answered => answers.push(answered === result));
    expect(answers).toEqual(results.map(() => true));
    expect(reports).toEqual(['down', undefined]);
  });

  it('by a gateway whose collector is down causes one warning', async () => {
    const lean = await startLean({ payouts: 1 });
    const program = runProgram('main', {
      LEAN_BASE_URL: lean.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      AUTH: 'none',
      PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '50',
      OTEL_BSP_SCHEDULE_DELAY: '10',
    });
    const [, url = ''] = await program.waitForOutput(/"url":"([^"]+)".*gateway is up/);
    const warning = /"level":40,[^\n]*"problem":"[^"]+","msg":"traces cannot be exported; they are dropped"/g;
    await postOperation(url, '{ __typename }');
    await program.waitForOutput(new RegExp(warning.source));
    for (let times = 0; times < 3; times += 1) {
      await postOperation(url, '{ __typename }');
      await new Promise(resolve => setTimeout(resolve, 200));
    }
    expect(program.stdout.match(warning)).toHaveLength(1);
  });

  it('sends spans to the collector of OTEL_EXPORTER_OTLP_ENDPOINT', async () => {
    const received: {
      readonly path: string | undefined;
      readonly type: string | undefined;
      readonly text: string;
    }[] = [];
    const collector = createServer((request, response) => {
      let text = '';
      request.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        received.push({ path: request.url, type: request.headers['content-type'], text });
        response.end();
      });
    });
    await once(collector.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void collector.close());
    const { port } = collector.address() as AddressInfo;
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${String(port)}`,
      OTEL_SERVICE_NAME: 'my-payouts',
    };
    Object.assign(process.env, variables);
    onTestFinished(() => {
      for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
    });
    const exporting = await startTraceExport(process.env);
    trace.getTracer('test').startSpan('a span of the test').end();
    await exporting?.stop();
    expect(received).toMatchObject([{ path: '/v1/traces', type: 'application/x-protobuf' }]);
    expect(received[0]?.text).toContain('a span of the test');
    expect(received[0]?.text).toContain('my-payouts');
  });
});
