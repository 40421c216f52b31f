import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Shape } from '../../lean/shape.ts';
import { decimalForm, decimalFromNumber, parseDecimal, type Decimal } from '../values/decimal.ts';
import { amountProblems } from './amount-problems.ts';
import { transferProblems, type Transfer } from './transfer.ts';

/** The problem with a creation body that a rule of its JSON Schema has found. */
export function problemOfBody({ instancePath, keyword, params, parentSchema = {}, data }: ErrorObject): {
  readonly parameter: string;
  readonly problem: string;
} {
  const path = instancePath.split('/').slice(1);
  const given = params as Readonly<Record<string, unknown>>;
  const shape = parentSchema as Shape;
  const within = (name: unknown): string => [...path, String(name)].join('.');
  if (keyword === 'required') {
    const name = String(given['missingProperty']);
    return {
      parameter: within(name),
      problem: `is missing; it must be ${typeOf(shape.properties?.[name])}.`,
    };
  }
  if (keyword === 'additionalProperties') {
    const known = Object.keys(shape.properties ?? {}).join(', ');
    return { parameter: within(given['additionalProperty']), problem: `is not known; accepted: ${known}.` };
  }
  const parameter = path.length === 0 ? 'body' : path.join('.');
  if (keyword === 'type') return { parameter, problem: `must be ${typeOf(shape)}.` };
  if (keyword === 'minItems')
    return { parameter, problem: `is empty; at least ${String(given['limit'])} is required.` };
  return {
    parameter,
    problem: valueProblem(path.at(-1), data) ?? `is not accepted. ${shape.description ?? ''}`.trim(),
  };
}

/** The type of a value, for messages: `of type string, such as "AED"`. */
function typeOf({ type = [], examples = [], required = [] }: Shape = {}): string {
  const types = `of type ${[type].flat().join(' or ')}`;
  if (examples.length > 0) return `${types}, such as ${JSON.stringify(examples[0])}`;
  return required.length > 0 ? `${types}, with ${required.join(', ')}` : types;
}

/** A valid transfer. A wrong value is put into it, so that `transferProblems` finds only the problem of that value. */
const faultless: Transfer = {
  accountId: 'a',
  destinationId: '3fa85f64-5717-4562-b3fc-2c963f66afa6',
  amount: { amount: '1' as Decimal, currency: 'AED' },
  description: 'INV 001',
  externalReference: null,
  authorize: false,
};

/** The problem of a value of the right type; undefined for a field without rules of its own. */
function valueProblem(field: string | undefined, value: unknown): string | undefined {
  if (field === 'amount') return amountProblem(value);
  if (field === 'currency') return 'must be an ISO 4217 code in capital letters, such as "AED" or "SAR".';
  if (field === 'payment_destination_id')
    return `must be the id of a destination at Lean: a UUID such as "${faultless.destinationId}".`;
  const text = String(value);
  const changes: Readonly<Record<string, Partial<Transfer>>> = {
    account_id: { accountId: text },
    description: { description: text },
    external_reference: { externalReference: text },
  };
  const change = changes[field ?? ''];
  return change && transferProblems({ ...faultless, ...change })[0]?.problem;
}

/** The decimal of an amount; undefined if it is not one, or a number that may have lost digits. */
export function decimalOf(amount: unknown): Decimal | undefined {
  return typeof amount === 'string' ? parseDecimal(amount) : decimalFromNumber(amount);
}

/** The problem of an amount that is refused whatever its currency is. */
export function amountProblem(amount: unknown): string {
  const decimal = decimalOf(amount);
  if (decimal === undefined) return typeof amount === 'number' ? tooManyDigits : `must be ${decimalForm}.`;
  const problems = amountProblems({ amount: decimal, currency: 'AED' });
  return (
    problems.find(({ code }) => code !== 'TOO_MANY_DECIMALS')?.problem ??
    'must be plain digits, such as "16.50".'
  );
}

/** For a JSON number that is not exact. */
export const tooManyDigits =
  'has more than 15 digits, some of which a JSON number may lose; send it as text, such as "16.50".';
