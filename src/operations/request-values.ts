import type { LeanCall, OperationArguments, OperationParameter } from '../lean/operations.ts';
import type { RequestProblem } from '../payouts/creation/creation-request.ts';
import { parseDecimal } from '../payouts/values/decimal.ts';
import { mostProblems } from '../payouts/creation/creation-answer.ts';
import { isUuid } from '../payouts/values/ids.ts';
import { instantForm, parseInstant } from '../payouts/values/instant.ts';
import { keyProblems } from '../payouts/creation/transfer.ts';

/** Values of an operation's parameters, by name: texts as from an address, or JSON as from a tool call. */
export type RequestValues = Readonly<Record<string, unknown>>;

/** Path and query of a call of Lean's, or all that is wrong with the values. Keys and bodies are not looked at. */
export function argumentsFrom(
  operation: LeanCall,
  values: RequestValues,
): { readonly args: OperationArguments } | { readonly problems: readonly RequestProblem[] } {
  const problems: RequestProblem[] = [];
  const path: Record<string, string> = {};
  const query: Record<string, string> = {};
  const known = operation.parameters.map(({ name }) => name);
  const unknown = Object.keys(values).filter(name => !known.includes(name));
  for (const [index, name] of unknown.slice(0, mostProblems).entries())
    problems.push({
      parameter: name,
      problem:
        index > 0
          ? 'is not known.'
          : `is not known; accepted: ${known.length === 0 ? 'no parameters' : known.join(', ')}.`,
    });
  for (const parameter of operation.parameters) {
    const { name } = parameter;
    const value = values[name];
    if (parameter.in !== 'path' && parameter.in !== 'query') continue;
    if (value === undefined || value === null) {
      if (parameter.required) problems.push({ parameter: name, problem: 'is missing.' });
      continue;
    }
    const text = textOf(value);
    const problem = text === undefined ? undefined : problemWith(parameter, text);
    if (text === undefined || problem !== undefined)
      problems.push({ parameter: name, problem: `must be ${problem ?? accepted(parameter)}.` });
    else if (parameter.in === 'path') path[name] = text;
    else query[name] = text;
  }
  return problems.length > 0 ? { problems } : { args: { path, query } };
}

/** What is wrong with an idempotency key under the name that the surface has for it. */
export function keyProblem(name: string, key: unknown): RequestProblem | undefined {
  const [wrong] =
    typeof key === 'string' ? keyProblems(key) : [{ problem: keyProblems('')[0]?.problem ?? '' }];
  return wrong === undefined ? undefined : { parameter: name, problem: wrong.problem };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** Undefined when nothing is. */
function problemWith(parameter: OperationParameter, text: string): string | undefined {
  const fits = {
    uuid: () => isUuid(text),
    integer: () =>
      /^\d{1,15}$/.test(text) &&
      Number(text) >= (parameter.minimum ?? 0) &&
      Number(text) <= (parameter.maximum ?? Number.MAX_SAFE_INTEGER),
    decimal: () => parseDecimal(text)?.startsWith('-') === false,
    'date-time': () => parseInstant(text) !== undefined,
    key: () => keyProblems(text).length === 0,
    object: () => false,
  }[parameter.type]();
  return fits ? undefined : accepted(parameter);
}

function accepted({ type, minimum = 0, maximum }: OperationParameter): string {
  if (type === 'uuid') return 'a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6"';
  if (type === 'integer')
    return `a whole number from ${String(minimum)}${maximum === undefined ? '' : ` to ${String(maximum)}`}`;
  if (type === 'decimal') return 'a decimal number of at least zero, such as "16.50"';
  return type === 'date-time' ? instantForm : type;
}
