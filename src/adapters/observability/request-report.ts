import { AsyncLocalStorage } from 'node:async_hooks';

/** What is told of a request when it is over: in its line of the log, and by numbers. */
export interface RequestReport {
  /** The subject of whoever asked; undefined as long as nobody has been let in. */
  caller?: string;
  /** What was asked for, in the log: an operation's name. */
  operation?: string;
  /** The same in a number's label, of which there are only so many. */
  label?: string;
  /** `ok`, or the code of the first error. */
  outcome?: string;
  /** Of the trace that it belongs to, where traces are exported. */
  traceId?: string;
  /** Lean calls that were made for it, repetitions included; those shared with another request are the other's. */
  leanCalls: number;
}

const current = new AsyncLocalStorage<RequestReport>();

/** Does a request's work, so that the Lean calls made for it count as its own. */
export function reporting<Result>(report: RequestReport, work: () => Result): Result {
  return current.run(report, work);
}

/** Of the request that work is being done for, if it is done for one. */
export function currentReport(): RequestReport | undefined {
  return current.getStore();
}

/** Counts a Lean call for the request that it is made for, if it is made for one. */
export function countLeanCall(): void {
  const report = currentReport();
  if (report !== undefined) report.leanCalls += 1;
}

/** What Lean's own word on a request comes to, in the codes that errors have. */
export function codeOfStatus(status: number): string {
  if (status < 400) return 'ok';
  if (status === 401 || status === 403) return 'LEAN_UNAUTHORIZED';
  if (status === 429) return 'LEAN_RATE_LIMITED';
  return status < 500 ? 'LEAN_REFUSED' : 'LEAN_UNAVAILABLE';
}
export type Surface = 'graphql' | 'rest' | 'mcp';
