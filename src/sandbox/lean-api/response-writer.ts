import type { ServerResponse } from 'node:http';
import { type Instant, instantFromMs } from '../instant.ts';
import type { Random } from '../random.ts';
import type { ResponseFault } from './faults.ts';
import { errorResponse, type LeanResponse } from './response.ts';

/** Lean's error code for an HTTP status. */
const codes: Record<number, string> = {
  400: 'INVALID_PARAMETERS',
  401: 'INVALID_TOKEN',
  403: 'INCORRECT_ACCESS_LEVEL',
  404: 'INVALID_URL',
  429: 'RATE_LIMIT_EXCEEDED',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

/** Writes Lean's responses with Lean's headers, and applies response faults. */
export class ResponseWriter {
  readonly #clock: () => number;
  #random: Random;
  #dateSecond = NaN;
  #date = '';

  /** @param clock epoch ms by Lean's clock */
  constructor(clock: () => number, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Draws the ids in response headers from `random` from now on. */
  reset(random: Random): void {
    this.#random = random;
  }

  /** The response that a `status` fault sends instead of Lean's. Undefined for the other faults. */
  faultResponse(fault: ResponseFault): LeanResponse | undefined {
    if (fault.kind !== 'status') return undefined;
    const code = fault.code ?? codes[fault.status] ?? 'SANDBOX_FAULT';
    const response = errorResponse(fault.status, code, 'a fault set in the sandbox', this.#now());
    return fault.retryAfter === undefined
      ? response
      : { ...response, headers: { 'retry-after': String(fault.retryAfter) } };
  }

  /** Sends a response and applies the fault. Does nothing if the client has disconnected. */
  send(output: ServerResponse, response: LeanResponse, fault: ResponseFault | undefined): void {
    if (output.destroyed) return;
    output.sendDate = false;
    if (fault === undefined || fault.kind === 'status') {
      this.#writeHead(output, response, Buffer.byteLength(response.body));
      output.end(response.body);
      return;
    }
    this.#sendFaulty(output, response, fault);
  }

  #sendFaulty(
    output: ServerResponse,
    response: LeanResponse,
    fault: Exclude<ResponseFault, { kind: 'status' }>,
  ): void {
    const bytes = Buffer.from(response.body);
    const half = bytes.subarray(0, bytes.length >>> 1);
    switch (fault.kind) {
      case 'drop_before':
      case 'drop_after':
        output.destroy();
        break;
      case 'html':
        this.#sendHtmlPage(output, fault.status ?? 503);
        break;
      case 'broken_json':
        this.#writeHead(output, { ...response, status: 200 }, half.length);
        output.end(half);
        break;
      case 'truncate':
        this.#writeHead(output, response, bytes.length);
        output.write(half, () => output.destroy());
        break;
      case 'empty':
        this.#writeHead(output, { ...response, status: fault.status ?? 200 }, 0);
        output.end();
        break;
      case 'stall':
        if (fault.part !== 'body') break;
        this.#writeHead(output, response, bytes.length);
        output.write(half);
    }
  }

  #writeHead(output: ServerResponse, { status, headers }: LeanResponse, contentLength: number): void {
    output.writeHead(status, {
      date: this.#httpDate(),
      'content-type': 'application/json',
      'content-length': contentLength,
      'cache-control': 'no-cache, no-store',
      'lean-correlation-id': this.#random.letters(16),
      'lean-trace-id': this.#random.hex(32),
      ...headers,
    });
  }

  /** Sends an error page like Cloudflare's, without Lean's headers. */
  #sendHtmlPage(output: ServerResponse, status: number): void {
    const title = `${String(status)} ${status === 503 ? 'Service Temporarily Unavailable' : 'Error'}`;
    const page = `<!DOCTYPE html>
<html lang="en"><head><title>${title}</title></head>
<body><h1>${title}</h1><hr><p>cloudflare</p></body></html>
`;
    output.writeHead(status, {
      date: this.#httpDate(),
      'content-type': 'text/html; charset=UTF-8',
      'content-length': Buffer.byteLength(page),
      server: 'cloudflare',
      'cf-ray': `${this.#random.hex(16)}-DXB`,
    });
    output.end(page);
  }

  #now(): Instant {
    return instantFromMs(this.#clock());
  }

  /** The `date` header, formatted once a second. */
  #httpDate(): string {
    const second = Math.floor(this.#clock() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(second * 1000).toUTCString();
    }
    return this.#date;
  }
}
