import { isRecord } from '../exact-json.ts';
import type { FaultRule } from './faults.ts';
import { boolean, type FieldCheck, nonEmptyString, number, oneOf, wholeNumber } from './field-check.ts';
import { operations } from './routes.ts';

type FieldChecks = Readonly<Record<string, FieldCheck>>;

const status = wholeNumber(200, 599);
const duration = number(0, 600_000);
const retryAfter: FieldCheck = {
  accepted: `${duration.accepted} or a string of printable ASCII characters`,
  accepts: value => duration.accepts(value) || (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)),
};

const conditionFields: FieldChecks = {
  operation: oneOf(...operations),
  times: wholeNumber(1),
  probability: number(0, 1),
};

/** The fields of each kind besides the condition. */
const effectFields: Readonly<
  Record<FaultRule['kind'], { readonly required?: FieldChecks; readonly optional?: FieldChecks }>
> = {
  latency: { required: { ms: duration } },
  drop_before: {},
  drop_after: {},
  status: { required: { status }, optional: { code: nonEmptyString, retryAfter, after: boolean } },
  html: { optional: { status, after: boolean } },
  broken_json: {},
  truncate: {},
  empty: { optional: { status } },
  stall: { optional: { part: oneOf('headers', 'body') } },
};

export const faultKinds = Object.keys(effectFields) as FaultRule['kind'][];

/** Parses a fault from JSON. A string says what is wrong with it. */
export function parseFaultRule(value: unknown): FaultRule | string {
  if (!isRecord(value)) return 'a fault must be an object';
  const rule = new Map(Object.entries(value));
  const kind = faultKinds.find(known => known === rule.get('kind'));
  if (kind === undefined) return `kind must be one of ${faultKinds.join(', ')}`;
  const { required = {}, optional = {} } = effectFields[kind];
  const checks = new Map(Object.entries({ ...required, ...optional, ...conditionFields }));
  for (const [name, field] of rule) {
    if (name === 'kind') continue;
    const check = checks.get(name);
    if (check === undefined)
      return `unknown field ${name} of ${kind}; accepted fields: ${[...checks.keys()].join(', ')}`;
    if (!check.accepts(field)) return `${name} of ${kind} must be ${check.accepted}`;
  }
  const missing = Object.keys(required).find(name => !rule.has(name));
  if (missing !== undefined) return `${missing} of ${kind} is missing`;
  return value as unknown as FaultRule; // every field has passed its check
}
