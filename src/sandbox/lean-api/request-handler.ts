import type { IncomingMessage } from 'node:http';
import type { AccessTokens } from './access-tokens.ts';
import { type Answer, errorAnswer, refusalAnswer } from './answer.ts';
import { instantFromMs } from '../instant.ts';
import type { Lean } from './lean.ts';
import { perform } from './operations.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './routes.ts';

/** Who looks at a request first: the token endpoint, and the guard of everything behind it. */
export interface RequestHandler {
  readonly lean: Lean;
  readonly tokens: AccessTokens;
}

/**
 * The answer to a request whose body is read, at `nowMs` by Lean's clock. Every refusal, and every bug, becomes Lean's
 * error envelope here.
 */
export function answerRequest(
  { lean, tokens }: RequestHandler,
  { headers }: IncomingMessage,
  route: Route,
  { query, body }: { readonly query: Readonly<Record<string, string>>; readonly body: string },
  nowMs: number,
): Answer {
  const { authorization } = headers;
  try {
    if (route.operation === 'token') {
      return tokens.answer({ authorization, contentType: headers['content-type'], body }, nowMs);
    }
    if (!tokens.accepts(authorization, nowMs)) {
      throw new Refusal(401, 'INVALID_TOKEN', 'the access token is missing, unknown or expired');
    }
    const key = headers['idempotency-key'];
    const idempotencyKey = typeof key === 'string' ? key : undefined;
    return perform(lean, { route, query, body, idempotencyKey }, nowMs);
  } catch (error) {
    if (error instanceof Refusal) return refusalAnswer(error, instantFromMs(nowMs));
    return errorAnswer(500, 'INTERNAL_SERVER_ERROR', String(error), instantFromMs(nowMs));
  }
}
