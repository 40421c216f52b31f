import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import type { AttemptTrace, UpstreamAttempt, UpstreamCall } from '../../lean/upstream-call.ts';
import type { Surface, RequestReport } from './request-report.ts';

/**
 * Creates OpenTelemetry spans for requests, GraphQL executions, batched loads and Lean calls. It exists only if traces
 * are exported, so tracing costs nothing otherwise.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans
 */
export class Tracing {
  readonly #tracer = trace.getTracer('lean-payouts-gateway');
  readonly #propagateToLean: boolean;

  /** @param propagateToLean whether Lean calls carry the `traceparent` header */
  constructor({ propagateToLean }: { readonly propagateToLean: boolean }) {
    this.#propagateToLean = propagateToLean;
  }

  /** Runs the work of a request in a server span that ends with the response, within the caller's trace. */
  async traceRequest(
    { request, response, report, path, surface }: TracedRequest,
    work: () => Promise<void>,
  ): Promise<void> {
    const parent = propagation.extract(context.active(), request.headers);
    const method = request.method ?? '';
    const attributes = { 'http.request.method': method, 'url.path': path };
    const span = this.#tracer.startSpan(
      `${method} ${surface}`,
      { kind: SpanKind.SERVER, attributes },
      parent,
    );
    report.traceId = span.spanContext().traceId;
    response.once('close', () => {
      const { operation, outcome, leanCalls } = report;
      if (operation !== undefined) span.updateName(`${method} ${surface} ${operation}`);
      span.setAttributes({
        'http.response.status_code': response.statusCode,
        'lean_payouts.lean_calls': leanCalls,
        ...(outcome !== undefined && { 'lean_payouts.outcome': outcome }),
      });
      if (response.statusCode >= 500 || !response.writableFinished)
        span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    await context.with(trace.setSpan(parent, span), work);
  }

  /** Runs work in an internal span, such as a GraphQL execution. */
  async inSpan<Result>(
    name: string,
    attributes: Readonly<Record<string, string | number>>,
    work: () => Result | Promise<Result>,
  ): Promise<Result> {
    return this.#tracer.startActiveSpan(name, { attributes }, async span => {
      try {
        return await work();
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  }

  /** Starts a client span for one attempt of a Lean call. It holds no URL and no response: both may name people. */
  traceAttempt({ operation, method, attempt }: UpstreamAttempt): AttemptTrace {
    const span = this.#tracer.startSpan(`Lean ${operation}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'http.request.resend_count': attempt - 1,
        'lean.operation': operation,
      },
    });
    return {
      headers: this.#propagateToLean ? traceparentOf(span) : {},
      end(call) {
        endAttempt(span, call);
      },
    };
  }
}

export interface TracedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly report: RequestReport;
  readonly path: string;
  readonly surface: Surface;
}

function endAttempt(span: Span, { status, error, correlationId }: UpstreamCall): void {
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  if (correlationId !== undefined) span.setAttribute('lean.correlation_id', correlationId);
  if (error !== undefined) span.setAttribute('error.type', error);
  if (error !== undefined || (status ?? 0) >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** Only the `traceparent` header. Lean gets no `tracestate` and no `baggage`, which may hold internal data. */
function traceparentOf(span: Span): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  const { traceparent } = carrier;
  return traceparent === undefined ? {} : { traceparent };
}
