import {
  LeanBadAnswer,
  LeanOutcomeUnknown,
  LeanRefused,
  type LeanErrorDetails,
} from '../errors/lean-errors.ts';
import { parseLeanJson } from '../json/lean-json.ts';
import type { HttpAnswer } from './upstream-request.ts';
import type { LeanErrorBody } from './wire.ts';

/** An answer of Lean's: the bytes as they came, and what they say. */
export class LeanAnswer {
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly body: Buffer;
  #parsed: Parsed | undefined;

  constructor({ status, headers, body }: HttpAnswer) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** When Lean answered, by Lean's own clock (the `Date` header, whole seconds), as epoch milliseconds. */
  get date(): number | undefined {
    return dateOf(this);
  }

  /** What the body is by its `Content-Type`. */
  get mediaType(): string | undefined {
    return headerOf(this, 'content-type');
  }

  /**
   * The body as a JSON object, parsed once however many ask. A success wrapped in `data` or `payload` is unwrapped.
   * @throws LeanBadAnswer when it is not a JSON object
   */
  json(): object {
    const parsed = this.#content();
    if (!('value' in parsed)) throw this.bad(parsed.problem, parsed.cause);
    const { value } = parsed;
    if (!this.ok) return value;
    const inner: unknown = 'payload' in value ? value.payload : 'data' in value ? value.data : undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return value;
    return Object.keys(value).length <= 4 ? inner : value;
  }

  #content(): Parsed {
    return (this.#parsed ??= parse(this.body));
  }

  /** The failure to throw when this answer lacks what was asked for. */
  bad(message: string, cause?: unknown): LeanBadAnswer {
    return new LeanBadAnswer('LEAN_BAD_RESPONSE', message, this.#details(false), cause);
  }

  /** The failure that this answer is, when it is not a success. */
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
      return new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean gave up on the request.', this.#details(true));
    if (status >= 400 && status < 500)
      return new LeanRefused('LEAN_REFUSED', 'Lean refused the request.', this.#details(false), this);
    if (status >= 500)
      return new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'Lean has a fault of its own.', this.#details(true));
    return this.bad(`Lean answered with an unexpected status (${String(status)}).`);
  }

  /** Whether Lean itself says that it does not know the id: a page of some proxy, or a path it lacks, says nothing. */
  get saysUnknown(): boolean {
    if (this.status !== 404 || this.errorCode() === 'INVALID_URL') return false;
    return this.body.length === 0 || this.body[0] === '{'.charCodeAt(0);
  }

  /** Lean's machine code of a refusal, such as `UNKNOWN_PAYMENT`, where it gives one. */
  errorCode(): string | undefined {
    const parsed = this.#content();
    if (!('value' in parsed)) return undefined;
    const body: LeanErrorBody = parsed.value;
    const inner = body.data;
    const bodies: LeanErrorBody[] = typeof inner === 'object' && inner !== null ? [body, inner] : [body];
    return bodies.flatMap(({ code, status, error }) => [code, status, error]).find(isCode);
  }

  /**
   * The machine code of a refusal that comes in Lean's own error envelope: a JSON object with a text `message` and a
   * machine code in `code` or `status`. Undefined for anything else, such as a proxy's page, an empty body or an OAuth
   * error: Lean itself may never have seen that request, or may have taken it.
   */
  get envelope(): { readonly code: string } | undefined {
    const parsed = this.#content();
    if (this.ok || !('value' in parsed)) return undefined;
    const { message, code, status }: LeanErrorBody = parsed.value;
    const found = typeof message === 'string' ? [code, status].find(isCode) : undefined;
    return found === undefined ? undefined : { code: found };
  }

  #details(retryable: boolean): LeanErrorDetails {
    const code = this.ok ? undefined : this.errorCode();
    return {
      httpStatus: this.status,
      ...(code !== undefined && { code }),
      ...idsOf(this),
      retryable,
    };
  }
}

/** A body as a JSON object, or why it is none. */
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
const codeForm = /^(?:[A-Z]+(?:_[A-Z]+)*(?:_?\d{1,3})?|[a-z]+(?:_[a-z]+)+)$/;

/** A machine word, never prose: prose may carry names and account numbers. */
export function isCode(value: unknown): value is string {
  return typeof value === 'string' && codeForm.test(value) && value.length <= 64;
}

export interface LeanIds {
  readonly correlationId?: string;
  readonly traceId?: string;
}

/** Lean's own ids of an exchange, to name to its support. */
export function idsOf(answer: Pick<HttpAnswer, 'headers'>): LeanIds {
  const correlationId = headerOf(answer, 'lean-correlation-id');
  const traceId = headerOf(answer, 'lean-trace-id');
  return { ...(isToken(correlationId) && { correlationId }), ...(isToken(traceId) && { traceId }) };
}

/** Times outside of these come from no clock that was ever set. */
const plausible = { from: Date.UTC(2020), to: Date.UTC(2200) } as const;

/** The `Date` of an answer, as epoch milliseconds; undefined where it has none that can be right. */
export function dateOf(answer: Pick<HttpAnswer, 'headers'>): number | undefined {
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  return date >= plausible.from && date < plausible.to ? date : undefined;
}

function headerOf({ headers }: Pick<HttpAnswer, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function isToken(value: string | undefined): value is string {
  return value !== undefined && /^[\w-]{1,64}$/.test(value);
}
