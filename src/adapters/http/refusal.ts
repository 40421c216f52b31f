import { AccessUnavailable } from '../../errors/access-errors.ts';
import { Forbidden, RateLimited, Unauthenticated } from '../../errors/gateway-errors.ts';

/** Why a caller is turned away, as every surface says it. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The refusal that an error is; undefined for one that is none.
 * @param challenge what is added to `www-authenticate`, such as where an access token is to be had
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function refusalOf(error: unknown, challenge = ''): Refusal | undefined {
  if (error instanceof Unauthenticated) {
    const fault = error.tokenGiven ? 'error="invalid_token"' : '';
    return { status: 401, ...said(error), headers: challenged(fault, challenge) };
  }
  if (error instanceof Forbidden) {
    const fault = `error="insufficient_scope", scope="${error.missing.join(' ')}"`;
    return { status: 403, ...said(error), headers: challenged(fault, challenge) };
  }
  if (error instanceof RateLimited) {
    const { retryAfterSeconds } = error;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return { status: 429, ...said(error), headers };
  }
  if (error instanceof AccessUnavailable)
    return { status: 503, ...said(error), headers: { 'retry-after': '5' } };
  return undefined;
}

function said({ code, message }: { readonly code: string; readonly message: string }) {
  return { code, message };
}

function challenged(...parts: readonly string[]): Record<string, string> {
  const parameters = parts.filter(part => part !== '').join(', ');
  return { 'www-authenticate': parameters === '' ? 'Bearer' : `Bearer ${parameters}` };
}
