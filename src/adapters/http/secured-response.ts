import {
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Nothing here is a page, but for GraphiQL, which has a policy of its own. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** An answer with the headers that every answer has, whoever writes it, unless they give others for the same names. */
export class SecuredResponse extends ServerResponse<IncomingMessage> {
  readonly #always: Record<string, string> = { ...securityHeaders };

  /** Has the answer carry a header. @param name in lower case */
  always(name: string, value: string): void {
    this.#always[name] = value;
  }

  override writeHead(statusCode: number, headers?: Headers): this;
  override writeHead(statusCode: number, statusMessage?: string, headers?: Headers): this;
  override writeHead(statusCode: number, first?: string | Headers, second?: Headers): this {
    const given = typeof first === 'string' ? second : first;
    // Headers that come all at once are written as they are; next to others each has to be looked up.
    const atOnce = !Array.isArray(given) && this.getHeaderNames().length === 0;
    if (!atOnce)
      for (const [name, value] of Object.entries(this.#always))
        if (!this.hasHeader(name)) this.setHeader(name, value);
    const headers = atOnce ? { ...this.#always, ...lowerCased(given) } : given;
    return typeof first === 'string'
      ? super.writeHead(statusCode, first, headers)
      : super.writeHead(statusCode, headers);
  }
}

function lowerCased(headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  const names = Object.keys(headers);
  if (names.every(name => !/[A-Z]/.test(name))) return headers;
  return Object.fromEntries(names.map(name => [name.toLowerCase(), headers[name]]));
}
