import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import type { AttemptTrace, UpstreamAttempt, UpstreamCall } from '../../lean/upstream-call.ts';
import type { Surface, RequestReport } from './request-report.ts';

/**
 * What the gateway does, as OpenTelemetry spans: each request, the execution of its operation, the loads that resolvers
 * have in common, and each call of Lean's. There is one only where traces are exported; nothing is done for it elsewhere.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans
 */
export class Tracing {
  readonly #tracer = trace.getTracer('lean-payouts-gateway');
  readonly #toLean: boolean;

  /** @param toLean whether Lean is told which trace a call belongs to */
  constructor({ toLean }: { readonly toLean: boolean }) {
    this.#toLean = toLean;
  }

  /** A request from its first byte to its last, within the trace of whoever sent it. */
  async request(
    { request, response, report, path, surface }: TracedRequest,
    work: () => Promise<void>,
  ): Promise<void> {
    const from = propagation.extract(context.active(), request.headers);
    const method = request.method ?? '';
    const attributes = { 'http.request.method': method, 'url.path': path };
    const span = this.#tracer.startSpan(`${method} ${surface}`, { kind: SpanKind.SERVER, attributes }, from);
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
    await context.with(trace.setSpan(from, span), work);
  }

  /** Work of our own within a request, such as an execution. */
  async work<Result>(
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

  /** One attempt of a call of Lean's. Neither its address nor its answer is told: they name payouts and people. */
  attempt({ operation, method, attempt }: UpstreamAttempt): AttemptTrace {
    const span = this.#tracer.startSpan(`Lean ${operation}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'http.request.resend_count': attempt - 1,
        'lean.operation': operation,
      },
    });
    return {
      headers: this.#toLean ? traceparentOf(span) : {},
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

/** The trace's own header alone: what else travels with a trace inside a company is not Lean's business. */
function traceparentOf(span: Span): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  const { traceparent } = carrier;
  return traceparent === undefined ? {} : { traceparent };
}
