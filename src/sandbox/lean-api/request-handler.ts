import type { IncomingMessage } from 'node:http';
import { instantFromMs } from '../instant.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { LeanState } from './lean-state.ts';
import { performOperation } from './operations.ts';
import { Refusal } from './refusal.ts';
import { errorResponse, type LeanResponse, refusalResponse } from './response.ts';
import type { Route } from './routes.ts';

/** The parts that handle Lean requests: Lean's state, and the access tokens that guard it. */
export interface RequestHandler {
  readonly lean: LeanState;
  readonly tokens: AccessTokens;
}

/**
 * Authenticates a request and returns Lean's response to it.
 * A refusal, and any other error, becomes Lean's error envelope.
 * @param nowMs epoch ms by Lean's clock
 */
export function handleRequest(
  { lean, tokens }: RequestHandler,
  { headers }: IncomingMessage,
  route: Route,
  { query, body }: { readonly query: Readonly<Record<string, string>>; readonly body: string },
  nowMs: number,
): LeanResponse {
  const { authorization } = headers;
  try {
    if (route.operation === 'token') {
      return tokens.respond({ authorization, contentType: headers['content-type'], body }, nowMs);
    }
    if (!tokens.accepts(authorization, nowMs)) {
      throw new Refusal(401, 'INVALID_TOKEN', 'the access token is missing, unknown or expired');
    }
    const key = headers['idempotency-key'];
    const idempotencyKey = typeof key === 'string' ? key : undefined;
    return performOperation(lean, { route, query, body, idempotencyKey }, nowMs);
  } catch (error) {
    if (error instanceof Refusal) return refusalResponse(error, instantFromMs(nowMs));
    return errorResponse(500, 'INTERNAL_SERVER_ERROR', String(error), instantFromMs(nowMs));
  }
}
