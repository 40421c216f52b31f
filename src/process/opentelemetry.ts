import { createRequire } from 'node:module';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';
import { ConfigError } from '../errors/config-error.ts';
import { EnvironmentReader, type Environment } from '../config/environment-reader.ts';

export interface TraceExport {
  /** Exports the remaining spans and stops. Spans that cannot be exported are dropped. */
  stop(): Promise<void>;
}

/**
 * Starts the export of traces as the standard `OTEL_*` variables configure it. It is on if they name an exporter or
 * the endpoint of a collector. Otherwise it returns undefined and loads no OpenTelemetry module.
 * @param log gets one warning when traces cannot be exported, and a line when they can be again
 * @throws ConfigError for an unsupported exporter or protocol, or an endpoint that is not a URL
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables
 */
export async function startTraceExport(
  env: Environment,
  log?: Pick<Logger, 'info' | 'warn'>,
): Promise<TraceExport | undefined> {
  const reader = new EnvironmentReader(env, {
    OTEL_TRACES_EXPORTER: hasEndpoint(env) ? 'otlp' : 'none',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  });
  const exporter = reader.choice('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none']);
  for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'])
    if (reader.raw(name) !== undefined) reader.choice(name, ['http/protobuf']);
  if (exporter === 'otlp')
    for (const name of endpointVariables)
      if (!isHttpUrl(reader.raw(name)))
        reader.problems.push(
          `${name}: its value is not accepted; accepted: an http(s) URL, such as http://localhost:4318.`,
        );
  if (env['OTEL_SDK_DISABLED'] === 'true' || (exporter === 'none' && reader.problems.length === 0))
    return undefined;
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);

  const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
  const { BatchSpanProcessor, ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } =
    await import('@opentelemetry/sdk-trace-node');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const { detectResources, envDetector, resourceFromAttributes } = await import('@opentelemetry/resources');
  const { name, version } = createRequire(import.meta.url)('../../package.json') as Record<string, string>;
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': name, 'service.version': version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [
      exporter === 'otlp'
        ? new BatchSpanProcessor(
            reportFailures(new OTLPTraceExporter(), error => {
              if (error === undefined) log?.info('traces are exported again');
              else log?.warn({ problem: error.message }, 'traces cannot be exported; they are dropped');
            }),
          )
        : new SimpleSpanProcessor(new ConsoleSpanExporter()),
    ],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return {
    // An unreachable collector must not make a normal stop a failure.
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

const endpointVariables = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const;

function hasEndpoint(env: Environment): boolean {
  return endpointVariables.some(name => env[name] !== undefined && env[name] !== '');
}

/** Whether the value is a URL for OTLP over HTTP, or is not set. */
function isHttpUrl(value: string | undefined): boolean {
  return value === undefined || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol));
}

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is loaded only if traces are exported. */
const success = 0;

/**
 * Reports the first failed export in a row, and with undefined that exports work again. OpenTelemetry itself reports
 * nothing.
 */
export function reportFailures(
  exporter: SpanExporter,
  onFailure: (error: Error | undefined) => void,
): SpanExporter {
  let isFailing = false;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, result => {
        const hasFailed = result.code !== success;
        if (hasFailed !== isFailing)
          onFailure(hasFailed ? (result.error ?? new Error('no reason given')) : undefined);
        isFailing = hasFailed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
