import { Kind, type ValueNode } from 'graphql';
import { decimalForm, parseDecimal, type Decimal, decimalFromNumber } from '../payouts/values/decimal.ts';
import { ExactNumber } from '../json/exact-json.ts';
import { instantForm, parseInstant } from '../payouts/values/instant.ts';
import { builder } from './builder.ts';

/**
 * The functions of a scalar that is text in JSON.
 * @param accepted what the error message says after `must be`
 * @param parse returns undefined for a text that is not accepted
 */
function textScalar<Value>(type: string, accepted: string, parse: (text: string) => Value | undefined) {
  const read = (text: string): Value => {
    const value = parse(text);
    if (value === undefined) throw notAccepted(type, accepted);
    return value;
  };
  return {
    serialize: (value: unknown): string => String(value),
    parseValue: (value: unknown): Value => {
      if (typeof value !== 'string') throw notAccepted(type, accepted);
      return read(value);
    },
    parseLiteral: (node: ValueNode): Value => {
      if (node.kind !== Kind.STRING) throw notAccepted(type, accepted);
      return read(node.value);
    },
  };
}

/** The error for a value that is not accepted. graphql-js adds the path of the value. */
function notAccepted(type: string, accepted: string): TypeError {
  return new TypeError(`${type} must be ${accepted}.`);
}

builder.scalarType('DateTime', {
  description:
    'An instant as RFC 3339 text in UTC, such as `"2026-03-01T08:30:00.123456Z"`. It has the fraction of a second that ' +
    'Lean gave, up to nanoseconds. Input may have any offset (`"2026-03-01T12:30:00+04:00"`).',
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
    'An exact decimal number. In JSON it is text, such as `"16.50"`, because most programs lose digits of JSON numbers. ' +
    'Input may also be a number literal (`16.50`), which is read digit by digit. Behind a router send text, because ' +
    'many routers lose digits of number literals.',
  serialize: decimal.serialize,
  parseValue: value => {
    if (typeof value !== 'number' && !(value instanceof ExactNumber)) return decimal.parseValue(value);
    const parsed = decimalFromNumber(value);
    if (parsed !== undefined) return parsed;
    throw notAccepted('Decimal', `${decimalForm}; send numbers of more than 15 digits as text`);
  },
  parseLiteral: (node: ValueNode) => {
    if (node.kind !== Kind.INT && node.kind !== Kind.FLOAT) return decimal.parseLiteral(node);
    const value = parseDecimal(node.value);
    if (value === undefined) throw notAccepted('Decimal', decimalForm);
    return value;
  },
});
