import type { Logger } from 'pino';
import type { RequestReport, Surface } from '../observability/request-report.ts';
import type { HttpRequestContext } from './http-request-context.ts';

/** The data about a request that has ended. */
export interface FinishedRequest extends RequestReport {
  readonly surface: Surface;
  readonly seconds: number;
}

export interface RequestLogOptions {
  readonly log: Logger;
  readonly surface: Surface;
  /** Called with each request. */
  readonly onRequest?: (request: FinishedRequest) => void;
}

/** Monitoring systems poll these paths all the time. */
const monitoringPaths: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

/** Logs a request whose response has closed. */
export function logRequest(
  context: HttpRequestContext,
  { log, surface, onRequest }: RequestLogOptions,
): void {
  const { request, response, requestId, path, loggedPath, report, responseSent, outcome, elapsedMs } =
    context;
  const { caller, operation, leanCalls, traceId } = report;
  const status = responseSent ? response.statusCode : undefined;
  const level = status === 200 && monitoringPaths.has(path) ? 'debug' : 'info';
  log[level](
    {
      requestId,
      surface,
      method: request.method,
      path: loggedPath,
      status,
      durationMs: Math.round(elapsedMs),
      caller,
      operation,
      leanCalls,
      outcome,
      traceId,
    },
    responseSent ? 'request' : 'request aborted by the caller',
  );
  onRequest?.({ ...report, surface, outcome, seconds: elapsedMs / 1000 });
}
