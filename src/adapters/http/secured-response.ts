import {
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Strict headers for an API. GraphiQL, the only page, sets a content security policy of its own. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** A response with default headers. A handler overrides a default by setting a header of the same name. */
export class SecuredResponse extends ServerResponse<IncomingMessage> {
  readonly #defaultHeaders: Record<string, string> = { ...securityHeaders };

  /** Adds a default header. @param name in lower case */
  setDefaultHeader(name: string, value: string): void {
    this.#defaultHeaders[name] = value;
  }

  override writeHead(statusCode: number, headers?: Headers): this;
  override writeHead(statusCode: number, statusMessage?: string, headers?: Headers): this;
  override writeHead(statusCode: number, first?: string | Headers, second?: Headers): this {
    const given = typeof first === 'string' ? second : first;
    // Fast path: without headers from `setHeader`, one object holds all headers and no look-up is needed.
    const noneSet = !Array.isArray(given) && this.getHeaderNames().length === 0;
    if (!noneSet)
      for (const [name, value] of Object.entries(this.#defaultHeaders))
        if (!this.hasHeader(name)) this.setHeader(name, value);
    const headers = noneSet ? { ...this.#defaultHeaders, ...withLowerCaseNames(given) } : given;
    return typeof first === 'string'
      ? super.writeHead(statusCode, first, headers)
      : super.writeHead(statusCode, headers);
  }
}

function withLowerCaseNames(headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  const names = Object.keys(headers);
  if (names.every(name => !/[A-Z]/.test(name))) return headers;
  return Object.fromEntries(names.map(name => [name.toLowerCase(), headers[name]]));
}
