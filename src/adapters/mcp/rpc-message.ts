import { ExactNumber, parseExactJson } from '../../json/exact-json.ts';

/**
 * Parses a JSON-RPC message. Numbers in the arguments of a tool keep all their digits, as `parseExactJson` reads them.
 * All other numbers are plain: clients use long ones as ids and progress tokens, such as the time in microseconds. A
 * number that a float would change stays an `ExactNumber`, so that the answer never names another id.
 * @throws SyntaxError when the text is not JSON; JsonBoundsExceeded
 */
export function parseRpcMessage(text: string): unknown {
  const message = parseExactJson(text);
  if (!isObject(message)) return message;
  const { params, ...rest } = message;
  if (!isObject(params)) return withPlainNumbers(message);
  const { arguments: toolArguments, ...restOfParams } = params;
  return {
    ...(withPlainNumbers(rest) as object),
    params: {
      ...(withPlainNumbers(restOfParams) as object),
      ...('arguments' in params && { arguments: toolArguments }),
    },
  };
}

function withPlainNumbers(value: unknown): unknown {
  if (value instanceof ExactNumber) {
    const plain = Number(value.digits);
    return String(plain) === value.digits ? plain : value;
  }
  if (Array.isArray(value)) return value.map(withPlainNumbers);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withPlainNumbers(each)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
