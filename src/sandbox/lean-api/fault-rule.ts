import type { FaultRule } from './faults.ts';
import { operations } from './routes.ts';

type Check = (value: unknown) => boolean;

const isStatus: Check = value => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599;
const isFlag: Check = value => typeof value === 'boolean';
const isDuration: Check = value => typeof value === 'number' && value >= 0 && value <= 600_000;

const occasion: Record<string, Check> = {
  operation: value => operations.some(operation => operation === value),
  times: value => Number.isInteger(value) && Number(value) >= 1,
  probability: value => typeof value === 'number' && value >= 0 && value <= 1,
};

/** What each kind takes besides its occasion; a `!` marks what it cannot do without. */
const effects: Record<FaultRule['kind'], Record<string, Check>> = {
  latency: { 'ms!': isDuration },
  drop_before: {},
  drop_after: {},
  status: {
    'status!': isStatus,
    code: value => typeof value === 'string' && value !== '',
    retryAfter: value => isDuration(value) || (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)),
    after: isFlag,
  },
  html: { status: isStatus, after: isFlag },
  broken_json: {},
  truncate: {},
  empty: { status: isStatus },
  stall: { part: value => value === 'headers' || value === 'body' },
};

export const faultKinds = Object.keys(effects) as FaultRule['kind'][];

/** Reads a fault rule from JSON; a string says what is wrong with it. */
export function parseFaultRule(value: unknown): FaultRule | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a fault must be an object';
  const rule = new Map(Object.entries(value));
  const kind = faultKinds.find(known => known === rule.get('kind'));
  if (kind === undefined) return `kind must be one of ${faultKinds.join(', ')}`;
  const effect = effects[kind];
  for (const [name, field] of rule) {
    if (name === 'kind') continue;
    const check = effect[`${name}!`] ?? effect[name] ?? occasion[name];
    if (check === undefined) return `${kind} takes no ${name}`;
    if (!check(field)) return `${name} of ${kind} is out of range: ${JSON.stringify(field)}`;
  }
  const missing = Object.keys(effect).find(name => name.endsWith('!') && !rule.has(name.slice(0, -1)));
  if (missing !== undefined) return `${kind} needs ${missing.slice(0, -1)}`;
  return value as FaultRule; // every field has passed its check
}
