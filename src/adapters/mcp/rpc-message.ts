import { ExactNumber, parseExactJson } from '../../json/exact-json.ts';
import { isJsonObject } from '../../json/json-object.ts';

/**
 * Parses a JSON-RPC message. Numbers in the arguments of a tool keep all their digits, as `parseExactJson` reads them.
 * All other numbers are plain: clients use long ones as ids and progress tokens, such as the time in microseconds. A
 * number that a float would change stays an `ExactNumber`, so that the answer never names another id.
 * @throws SyntaxError when the text is not JSON; JsonBoundsExceeded
 */
export function parseRpcMessage(text: string): unknown {
  const message = parseExactJson(text);
  if (!isJsonObject(message)) return message;
  const { params, ...rest } = message;
  if (!isJsonObject(params)) return withPlainNumbers(message);
  const { arguments: toolArguments, ...restOfParams } = params;
  return {
    ...(withPlainNumbers(rest) as object),
    params: {
      ...(withPlainNumbers(restOfParams) as object),
      ...('arguments' in params && { arguments: toolArguments }),
    },
  };
}

/**
 * The problem with the parameters of a `tools/call` message; undefined if there is none, or for any other message. The
 * SDK would answer with the text of its validator.
 */
export function toolCallProblem(message: unknown): string | undefined {
  if (!isJsonObject(message) || message['method'] !== 'tools/call') return undefined;
  const { params } = message;
  if (!isJsonObject(params)) return 'params must be an object with name and arguments.';
  if (typeof params['name'] !== 'string')
    return 'params.name must be the name of a tool, as tools/list has it.';
  return params['arguments'] === undefined || isJsonObject(params['arguments'])
    ? undefined
    : 'params.arguments must be an object with the arguments of the tool.';
}

function withPlainNumbers(value: unknown): unknown {
  if (value instanceof ExactNumber) {
    const plain = Number(value.digits);
    return String(plain) === value.digits ? plain : value;
  }
  if (Array.isArray(value)) return value.map(withPlainNumbers);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withPlainNumbers(each)]));
}
