import { createRequire } from 'node:module';
import { ConfigError } from '../errors/config-error.ts';
import { EnvironmentReader, type Environment } from '../config/environment-reader.ts';

export interface TraceExport {
  /** Exports the remaining spans and stops. Spans that cannot be exported are dropped. */
  stop(): Promise<void>;
}

/**
 * Starts the export of traces as the standard `OTEL_*` variables configure it. It is on if they name an exporter or
 * the endpoint of a collector. Otherwise it returns undefined and loads no OpenTelemetry module.
 * @throws ConfigError for an unsupported exporter or protocol
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables
 */
export async function startTraceExport(env: Environment): Promise<TraceExport | undefined> {
  const reader = new EnvironmentReader(env, {
    OTEL_TRACES_EXPORTER: hasEndpoint(env) ? 'otlp' : 'none',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  });
  const exporter = reader.choice('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none']);
  for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'])
    if (reader.raw(name) !== undefined) reader.choice(name, ['http/protobuf']);
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
        ? new BatchSpanProcessor(new OTLPTraceExporter())
        : new SimpleSpanProcessor(new ConsoleSpanExporter()),
    ],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return {
    // An unreachable collector must not make a normal stop a failure.
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

function hasEndpoint(env: Environment): boolean {
  const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  return names.some(name => env[name] !== undefined && env[name] !== '');
}
