import { LeanBadAnswer, LeanOutcomeUnknown, LeanRefused, type LeanErrorDetails } from './errors.ts';
import { parseLeanJson } from './json.ts';
import type { HttpAnswer } from './transport.ts';
import type { LeanErrorBody } from './wire.ts';

/** An answer of Lean's: the bytes as they came, and what they say. */
export class LeanAnswer {
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly body: Buffer;
  #json: { readonly value: unknown } | undefined;

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
    const date = Date.parse(this.#header('date') ?? '');
    return Number.isNaN(date) ? undefined : date;
  }

  /**
   * The body as a JSON object, parsed once however many ask. A body wrapped in `data` or `payload` is unwrapped.
   * @throws LeanBadAnswer when it is not a JSON object
   */
  json(): object {
    this.#json ??= { value: this.#parse() };
    return this.#json.value as object;
  }

  #parse(): object {
    let value: unknown;
    try {
      value = parseLeanJson(this.body.toString('utf8'));
    } catch (cause) {
      throw this.bad("Lean's answer is not JSON.", cause);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.bad("Lean's answer is not a JSON object.");
    const keys = Object.keys(value);
    const inner: unknown = 'payload' in value ? value.payload : 'data' in value ? value.data : undefined;
    const wrapped = keys.length <= 4 && typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return wrapped ? inner : value;
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
      );
    if (status === 429)
      return new LeanRefused('LEAN_RATE_LIMITED', 'Lean asks for fewer requests.', this.#details(true));
    if (status === 408)
      return new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean gave up on the request.', this.#details(true));
    if (status >= 400 && status < 500)
      return new LeanRefused('LEAN_REFUSED', 'Lean refused the request.', this.#details(false));
    if (status >= 500)
      return new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'Lean has a fault of its own.', this.#details(true));
    return this.bad(`Lean answered with an unexpected status (${String(status)}).`);
  }

  /** Lean's machine code of a refusal, such as `UNKNOWN_PAYMENT`, where it gives one. */
  errorCode(): string | undefined {
    let body: LeanErrorBody;
    try {
      body = this.json();
    } catch {
      return undefined;
    }
    return [body.status, body.code, body.error].find(isCode);
  }

  #details(retryable: boolean): LeanErrorDetails {
    const code = this.ok ? undefined : this.errorCode();
    const correlationId = this.#header('lean-correlation-id');
    const traceId = this.#header('lean-trace-id');
    return {
      httpStatus: this.status,
      ...(code !== undefined && { code }),
      ...(isToken(correlationId) && { correlationId }),
      ...(isToken(traceId) && { traceId }),
      retryable,
    };
  }

  #header(name: string): string | undefined {
    const value = this.headers[name];
    return typeof value === 'string' ? value : value?.[0];
  }
}

/** A machine word, never prose: prose may carry names and account numbers. */
export function isCode(value: unknown): value is string {
  return (
    typeof value === 'string' && /^[A-Za-z][A-Za-z_]*(?:_[0-9]+|[0-9])?$/.test(value) && value.length <= 64
  );
}

function isToken(value: string | undefined): value is string {
  return value !== undefined && /^[\w-]{1,64}$/.test(value);
}
