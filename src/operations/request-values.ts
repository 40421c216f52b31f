import type { LeanCall, OperationArguments, OperationParameter } from '../lean/operations.ts';
import type { RequestProblem } from '../payouts/creation/creation-request.ts';
import { compareDecimals, decimalFromNumber, parseDecimal } from '../payouts/values/decimal.ts';
import { tooManyDigits } from '../payouts/creation/body-problems.ts';
import { maxProblems } from '../payouts/creation/creation-answer.ts';
import { isUuid } from '../payouts/values/ids.ts';
import { compareInstants, instantForm, parseInstant } from '../payouts/values/instant.ts';
import { keyProblems } from '../payouts/creation/transfer.ts';

/** An operation's parameter values by name: strings from a URL, or JSON values from a tool call. */
export type RequestValues = Readonly<Record<string, unknown>>;

/**
 * Validates the values of path and query parameters, and converts them for a call to Lean. Unknown names are problems.
 * Idempotency keys and bodies are not validated here.
 */
export function argumentsFrom(
  operation: LeanCall,
  values: RequestValues,
): { readonly args: OperationArguments } | { readonly problems: readonly RequestProblem[] } {
  const problems: RequestProblem[] = [];
  const path: Record<string, string> = {};
  const query: Record<string, string> = {};
  const known = operation.parameters.map(({ name }) => name);
  const unknown = Object.keys(values).filter(name => !known.includes(name));
  for (const [index, name] of unknown.slice(0, maxProblems).entries())
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
    const text = textOf(value, parameter);
    if (text === undefined || !isValid(parameter, text)) {
      const isInexact = parameter.type === 'decimal' && typeof value === 'number' && text === undefined;
      problems.push({
        parameter: name,
        problem: isInexact ? tooManyDigits : `must be ${accepted(parameter)}.`,
      });
    } else if (parameter.in === 'path') path[name] = text;
    else query[name] = text;
  }
  if (problems.length === 0) problems.push(...rangeProblems(query));
  return problems.length > 0 ? { problems } : { args: { path, query } };
}

/** The problems of ranges whose lower bound is above the upper one, which no payout can match. All values are valid. */
function rangeProblems(query: Readonly<Record<string, string>>): RequestProblem[] {
  return ranges.flatMap(({ low, high, isAbove, problem }) => {
    const { [low]: lower, [high]: upper } = query;
    const isEmpty = lower !== undefined && upper !== undefined && isAbove(lower, upper);
    return isEmpty ? [{ parameter: low, problem: `${problem} ${high}.` }] : [];
  });
}

const isLater = (a: string, b: string): boolean => {
  const [from, to] = [parseInstant(a), parseInstant(b)];
  return from !== undefined && to !== undefined && compareInstants(from, to) > 0;
};

const isGreater = (a: string, b: string): boolean => {
  const [min, max] = [parseDecimal(a), parseDecimal(b)];
  return min !== undefined && max !== undefined && compareDecimals(min, max) > 0;
};

/** The parameters of Lean's list that are the bounds of a range. */
const ranges = [
  { low: 'amount_min', high: 'amount_max', isAbove: isGreater, problem: 'is above' },
  { low: 'from', high: 'to', isAbove: isLater, problem: 'is after' },
  { low: 'from_updated_at', high: 'to_updated_at', isAbove: isLater, problem: 'is after' },
] as const;

/**
 * The first problem with an idempotency key; undefined if it is valid.
 * @param name the key's parameter name, which differs between the REST API and the MCP tools
 */
export function keyProblem(name: string, key: unknown): RequestProblem | undefined {
  const [first] = keyProblems(typeof key === 'string' ? key : '');
  if (first === undefined) return undefined;
  const isMissing = key === undefined || key === null;
  return { parameter: name, problem: isMissing ? `is missing; it ${first.problem}` : first.problem };
}

/** A decimal that is given as a number keeps all its digits. Undefined if it may have lost some. */
function textOf(value: unknown, { type }: OperationParameter): string | undefined {
  if (typeof value === 'string') return value;
  if (type === 'decimal') return decimalFromNumber(value);
  return typeof value === 'number' ? String(value) : undefined;
}

function isValid(parameter: OperationParameter, text: string): boolean {
  return {
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
}

/** The values that a parameter accepts, for messages. */
function accepted({ type, minimum = 0, maximum }: OperationParameter): string {
  if (type === 'uuid') return 'a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6"';
  if (type === 'integer')
    return `a whole number from ${String(minimum)}${maximum === undefined ? '' : ` to ${String(maximum)}`}`;
  if (type === 'decimal') return 'a decimal number of at least zero, such as "16.50"';
  return type === 'date-time' ? instantForm : type;
}
