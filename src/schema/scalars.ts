import { Kind, type ValueNode } from 'graphql';
import { decimalForm, parseDecimal, type Decimal, decimalFromNumber } from '../payouts/values/decimal.ts';
import { ExactNumber } from '../json/exact-json.ts';
import { instantForm, parseInstant } from '../payouts/values/instant.ts';
import { builder } from './builder.ts';

/** A scalar that travels as text; `parse` returns undefined for a text that it does not accept. */
function textScalar<Value>(type: string, accepted: string, parse: (text: string) => Value | undefined) {
  const read = (text: string): Value => {
    const value = parse(text);
    if (value === undefined) throw refusal(type, accepted);
    return value;
  };
  return {
    serialize: (value: unknown): string => String(value),
    parseValue: (value: unknown): Value => {
      if (typeof value !== 'string') throw refusal(type, accepted);
      return read(value);
    },
    parseLiteral: (node: ValueNode): Value => {
      if (node.kind !== Kind.STRING) throw refusal(type, accepted);
      return read(node.value);
    },
  };
}

/** graphql-js adds where the value stands. */
function refusal(type: string, accepted: string): TypeError {
  return new TypeError(`${type} must be ${accepted}.`);
}

builder.scalarType('DateTime', {
  description:
    'An instant as RFC 3339 text in UTC, such as `"2026-03-01T08:30:00.123456Z"`, with the fraction of a second that ' +
    'Lean gave it, up to nanoseconds. Input may carry any offset (`"2026-03-01T12:30:00+04:00"`).',
  ...textScalar('DateTime', instantForm, parseInstant),
});

builder.scalarType('PayoutCurrencyCode', {
  description: 'An ISO 4217 alphabetic currency code, such as `"AED"` or `"SAR"`.',
  ...textScalar('PayoutCurrencyCode', 'an ISO 4217 code in capital letters, such as "AED"', text =>
    /^[A-Z]{3}$/.test(text) ? text : undefined,
  ),
});

const decimal = textScalar<Decimal>('Decimal', decimalForm, parseDecimal);

builder.scalarType('Decimal', {
  description:
    'An exact decimal number. On the wire it is text, such as `"16.50"`, because JSON numbers lose digits in most ' +
    'programs. Input may also be a number literal (`16.50`), which is read digit by digit.',
  serialize: decimal.serialize,
  parseValue: value => {
    if (typeof value !== 'number' && !(value instanceof ExactNumber)) return decimal.parseValue(value);
    const parsed = decimalFromNumber(value);
    if (parsed !== undefined) return parsed;
    throw refusal('Decimal', `${decimalForm}; send numbers of more than 15 digits as text`);
  },
  parseLiteral: (node: ValueNode) => {
    if (node.kind !== Kind.INT && node.kind !== Kind.FLOAT) return decimal.parseLiteral(node);
    const value = parseDecimal(node.value);
    if (value === undefined) throw refusal('Decimal', decimalForm);
    return value;
  },
});
