import { validateMessage } from 'graphql-ws';
import { keepDigits } from '../../../json/exact-json.ts';
import { checkParameters } from '../request/request-parameters.ts';

/**
 * Reads the values of a message. Numbers keep all their digits, as in the body of an HTTP request. An operation without
 * `query` gets an empty one, because graphql-ws requires it and a persisted operation needs none.
 */
export function messageReviver(
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (key !== '') return keepDigits.call(this, key, value, context);
  const payload = subscribePayload(value);
  if (payload !== undefined && payload.query == null) Object.assign(payload, { query: '' });
  return value;
}

/** The reason to close a connection whose message graphql-ws does not accept. */
export function invalidMessageReason(text: string): string {
  try {
    const message: unknown = JSON.parse(text, messageReviver);
    checkParameters(subscribePayload(message) ?? {});
    validateMessage(message);
  } catch (error) {
    return invalidMessage(error instanceof SyntaxError ? 'it is not valid JSON.' : (error as Error).message);
  }
  return invalidMessage('its type is not accepted.');
}

/** @param problem a sentence about the message */
export function invalidMessage(problem: string): string {
  return `Invalid message: ${problem}`;
}

/** The parameters in a message that starts an operation; undefined for any other message. */
function subscribePayload(message: unknown): { readonly query?: never } | undefined {
  const { type, payload } = (message ?? {}) as { readonly type?: unknown; readonly payload?: unknown };
  return type === 'subscribe' && typeof payload === 'object' && payload !== null ? payload : undefined;
}
