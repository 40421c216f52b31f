import { AsyncLocalStorage } from 'node:async_hooks';

/** The data about a request that its log line and the metrics get when it ends. */
export interface RequestReport {
  /** The subject of the caller; undefined until the caller is authenticated. */
  caller?: string;
  /** The name of the operation, for the log. */
  operation?: string;
  /** The name of the operation as a metric label, from a bounded set of values. */
  operationLabel?: string;
  /** `ok`, or the code of the first error. */
  outcome?: string;
  /** The id of its trace, if traces are exported. */
  traceId?: string;
  /** Lean calls made for it, including retries. A call shared by several requests counts for the first of them. */
  leanCalls: number;
}

const storage = new AsyncLocalStorage<RequestReport>();

/** Runs the work of a request in an async context that holds its report, so that its Lean calls count for it. */
export function runWithReport<Result>(report: RequestReport, work: () => Result): Result {
  return storage.run(report, work);
}

/** The report of the request in whose async context this runs; undefined outside of one. */
export function currentRequestReport(): RequestReport | undefined {
  return storage.getStore();
}

/** Counts a Lean call for the current request, if there is one. */
export function countLeanCall(): void {
  const report = currentRequestReport();
  if (report !== undefined) report.leanCalls += 1;
}

/** The outcome of a request whose response is Lean's own, by HTTP status: `ok` or an error code. */
export function codeOfStatus(status: number): string {
  if (status < 400) return 'ok';
  if (status === 429) return 'LEAN_RATE_LIMITED';
  return status < 500 ? 'LEAN_REFUSED' : 'LEAN_UNAVAILABLE';
}

/** The APIs that the gateway offers. */
export type Surface = 'graphql' | 'rest' | 'mcp';
