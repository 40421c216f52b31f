import type { ServerResponse } from 'node:http';
import { type Answer, errorAnswer } from '../lean-api/answer.ts';
import type { ResponseFault } from '../lean-api/faults.ts';
import { type Instant, instantFromMs } from '../instant.ts';
import type { Random } from '../random.ts';

const codes: Record<number, string> = {
  400: 'INVALID_PARAMETERS',
  401: 'INVALID_TOKEN',
  403: 'INCORRECT_ACCESS_LEVEL',
  404: 'INVALID_URL',
  429: 'RATE_LIMIT_EXCEEDED',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

/** Writes answers the way Lean's edge does, spoiled by a fault where there is one. */
export class Delivery {
  readonly #clock: () => number;
  #random: Random;
  #dateSecond = NaN;
  #date = '';

  constructor(clock: () => number, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Draws the ids of answers from `random` from now on. */
  restart(random: Random): void {
    this.#random = random;
  }

  /** The answer that a fault gives in place of Lean's, if it is one of those. */
  substitute(fault: ResponseFault): Answer | undefined {
    if (fault.kind !== 'status') return undefined;
    const code = fault.code ?? codes[fault.status] ?? 'SANDBOX_FAULT';
    const answer = errorAnswer(fault.status, code, 'a fault set in the sandbox', this.#now());
    return fault.retryAfter === undefined
      ? answer
      : { ...answer, headers: { 'retry-after': String(fault.retryAfter) } };
  }

  /** Gives the answer; a client that has gone away is not an error. */
  send(response: ServerResponse, answer: Answer, fault: ResponseFault | undefined): void {
    if (response.destroyed) return;
    response.sendDate = false;
    if (fault === undefined || fault.kind === 'status') {
      this.#head(response, answer, Buffer.byteLength(answer.body));
      response.end(answer.body);
      return;
    }
    this.#spoil(response, answer, fault);
  }

  #spoil(response: ServerResponse, answer: Answer, fault: Exclude<ResponseFault, { kind: 'status' }>): void {
    const bytes = Buffer.from(answer.body);
    const half = bytes.subarray(0, bytes.length >>> 1);
    switch (fault.kind) {
      case 'drop_before':
      case 'drop_after':
        response.destroy();
        break;
      case 'html':
        this.#page(response, fault.status ?? 503);
        break;
      case 'broken_json':
        this.#head(response, { ...answer, status: 200 }, half.length);
        response.end(half);
        break;
      case 'truncate':
        this.#head(response, answer, bytes.length);
        response.write(half, () => response.destroy());
        break;
      case 'empty':
        this.#head(response, { ...answer, status: fault.status ?? 200 }, 0);
        response.end();
        break;
      case 'stall':
        if (fault.part !== 'body') break;
        this.#head(response, answer, bytes.length);
        response.write(half);
    }
  }

  #head(response: ServerResponse, { status, headers }: Answer, length: number): void {
    response.writeHead(status, {
      date: this.#httpDate(),
      'content-type': 'application/json',
      'content-length': length,
      'cache-control': 'no-cache, no-store',
      'lean-correlation-id': this.#random.letters(16),
      'lean-trace-id': this.#random.hex(32),
      ...headers,
    });
  }

  /** A page from the edge, which knows nothing of Lean's headers. */
  #page(response: ServerResponse, status: number): void {
    const title = `${String(status)} ${status === 503 ? 'Service Temporarily Unavailable' : 'Error'}`;
    const page = `<!DOCTYPE html>
<html lang="en"><head><title>${title}</title></head>
<body><h1>${title}</h1><hr><p>cloudflare</p></body></html>
`;
    response.writeHead(status, {
      date: this.#httpDate(),
      'content-type': 'text/html; charset=UTF-8',
      'content-length': Buffer.byteLength(page),
      server: 'cloudflare',
      'cf-ray': `${this.#random.hex(16)}-DXB`,
    });
    response.end(page);
  }

  #now(): Instant {
    return instantFromMs(this.#clock());
  }

  #httpDate(): string {
    const second = Math.floor(this.#clock() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(second * 1000).toUTCString();
    }
    return this.#date;
  }
}
