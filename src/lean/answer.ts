import {
  LeanBadAnswer,
  LeanOutcomeUnknown,
  LeanRefused,
  type LeanErrorDetails,
} from '../errors/lean-errors.ts';
import { parseLeanJson } from '../json/lean-json.ts';
import { retryAfterSeconds } from './retry-after.ts';
import type { HttpResponse } from './upstream-request.ts';
import type { LeanErrorBody } from './wire.ts';

/** A response of Lean's with its JSON body parsed on demand. */
export class LeanAnswer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly body: Buffer;
  #parsed: Parsed | undefined;

  constructor({ status, headers, body }: HttpResponse) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The `Date` header: the time by Lean's clock, to the second, as epoch milliseconds; undefined if not plausible. */
  get date(): number | undefined {
    return dateOf(this);
  }

  get mediaType(): string | undefined {
    return headerOf(this, 'content-type');
  }

  /**
   * The body as a JSON object, parsed once. A success that is wrapped in `data` or `payload` is unwrapped.
   * @throws LeanBadAnswer when the body is not a JSON object
   */
  json(): object {
    const parsed = this.#parsedBody();
    if (!('value' in parsed)) throw this.badAnswer(parsed.problem, parsed.cause);
    const { value } = parsed;
    if (!this.ok) return value;
    const inner: unknown = 'payload' in value ? value.payload : 'data' in value ? value.data : undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return value;
    return Object.keys(value).length <= 4 ? inner : value;
  }

  #parsedBody(): Parsed {
    return (this.#parsed ??= parse(this.body));
  }

  /** The error to throw when this answer cannot be understood, or lacks data that the caller needs. */
  badAnswer(message: string, cause?: unknown): LeanBadAnswer {
    return new LeanBadAnswer(message, this.#details(false), cause);
  }

  /** The error to throw when the status is not a success. */
  failure(): LeanRefused | LeanOutcomeUnknown | LeanBadAnswer {
    const { status } = this;
    if (status === 401 || status === 403)
      return new LeanRefused(
        'LEAN_UNAUTHORIZED',
        "Lean refused the gateway's credentials.",
        this.#details(false),
        this,
      );
    if (status === 429)
      return new LeanRefused('LEAN_RATE_LIMITED', 'Lean asks for fewer requests.', this.#details(true), this);
    if (status === 408)
      return new LeanOutcomeUnknown(
        'LEAN_TIMEOUT',
        'Lean timed out while it waited for the request.',
        this.#details(true),
      );
    if (status >= 400 && status < 500)
      return new LeanRefused('LEAN_REFUSED', 'Lean refused the request.', this.#details(false), this);
    if (status >= 500)
      return new LeanOutcomeUnknown(
        'LEAN_UNAVAILABLE',
        'Lean failed with an internal error.',
        this.#details(true),
      );
    return this.badAnswer(`Lean answered with an unexpected status (${String(status)}).`);
  }

  /**
   * Whether Lean itself says that it does not know the id. A 404 page of a proxy does not say so, nor does a 404 for a
   * path that this Lean application does not have.
   */
  get isNotFound(): boolean {
    if (this.status !== 404 || this.errorCode() === 'INVALID_URL') return false;
    return this.body.length === 0 || this.body[0] === '{'.charCodeAt(0);
  }

  /** Whether the body is a JSON object, as all of Lean's are. The page of a proxy is not. */
  get hasJsonObject(): boolean {
    return 'value' in this.#parsedBody();
  }

  /** The machine code in Lean's error body, such as `UNKNOWN_PAYMENT`; undefined if there is none. */
  errorCode(): string | undefined {
    const parsed = this.#parsedBody();
    if (!('value' in parsed)) return undefined;
    const body: LeanErrorBody = parsed.value;
    const inner = body.data;
    const bodies: LeanErrorBody[] = typeof inner === 'object' && inner !== null ? [body, inner] : [body];
    return bodies.flatMap(({ code, status, error }) => [code, status, error]).find(isCode);
  }

  /**
   * The machine code of a refusal in Lean's own error envelope, which is a JSON object with a string `message` and a
   * machine code in `code` or `status`. Undefined for anything else, such as a proxy's page, an empty body or an OAuth
   * error: then it is unknown whether Lean has seen the request, and whether it has accepted it.
   */
  get errorEnvelope(): { readonly code: string } | undefined {
    const parsed = this.#parsedBody();
    if (this.ok || !('value' in parsed)) return undefined;
    const { message, code, status }: LeanErrorBody = parsed.value;
    const found = typeof message === 'string' ? [code, status].find(isCode) : undefined;
    return found === undefined ? undefined : { code: found };
  }

  #details(retryable: boolean): LeanErrorDetails {
    const code = this.ok ? undefined : this.errorCode();
    const seconds = retryable ? retryAfterSeconds(this) : undefined;
    return {
      httpStatus: this.status,
      ...(code !== undefined && { code }),
      ...requestIdsOf(this),
      retryable,
      ...(seconds !== undefined && { retryAfterSeconds: seconds }),
    };
  }
}

/** A body as a JSON object, or the reason why it is not one. */
type Parsed = { readonly value: object } | { readonly problem: string; readonly cause?: unknown };

function parse(body: Buffer): Parsed {
  let value: unknown;
  try {
    value = parseLeanJson(body.toString('utf8'));
  } catch (cause) {
    return { problem: "Lean's answer is not JSON.", cause };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: "Lean's answer is not a JSON object." };
  return { value };
}

/** `UNKNOWN_PAYMENT`, or lower case with underscores as in OAuth 2.0. */
const codePattern = /^(?:[A-Z]+(?:_[A-Z]+)*(?:_?\d{1,3})?|[a-z]+(?:_[a-z]+)+)$/;

/** Whether a value is a machine code. Prose is not: it may contain names and account numbers. */
export function isCode(value: unknown): value is string {
  return typeof value === 'string' && codePattern.test(value) && value.length <= 64;
}

export interface LeanRequestIds {
  readonly correlationId?: string;
  readonly traceId?: string;
}

/** Lean's own ids of a request, for its support; an id of an unexpected form is left out. */
export function requestIdsOf(response: Pick<HttpResponse, 'headers'>): LeanRequestIds {
  const correlationId = headerOf(response, 'lean-correlation-id');
  const traceId = headerOf(response, 'lean-trace-id');
  return { ...(isIdText(correlationId) && { correlationId }), ...(isIdText(traceId) && { traceId }) };
}

/** A time outside these bounds comes from a clock that was never set. */
const plausibleDates = { from: Date.UTC(2020), to: Date.UTC(2200) } as const;

/** The `Date` header of a response, as epoch milliseconds; undefined if there is none, or none that is plausible. */
export function dateOf(response: Pick<HttpResponse, 'headers'>): number | undefined {
  const date = Date.parse(headerOf(response, 'date') ?? '');
  return date >= plausibleDates.from && date < plausibleDates.to ? date : undefined;
}

function headerOf({ headers }: Pick<HttpResponse, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function isIdText(value: string | undefined): value is string {
  return value !== undefined && /^[\w-]{1,64}$/.test(value);
}
