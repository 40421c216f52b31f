import type { Account } from '../account.ts';
import { Decimal } from '../decimal.ts';
import type { Destination } from '../destination.ts';
import { isRecord } from '../exact-json.ts';
import type { Profile } from '../profile.ts';
import { invalidParameters, Refusal } from './refusal.ts';

/** One payout of a creation request. */
export interface PayoutOrder {
  readonly account: Account;
  readonly destination: Destination;
  readonly amount: Decimal;
  readonly currency: string;
  readonly description: string;
  readonly externalReference: string | null;
  readonly authorized: boolean;
}

const bodyKeys = ['payment_details'];
const entryKeys = ['account_id', 'currency', 'destination_details'];
const destinationKeys = [
  'payment_destination_id',
  'amount',
  'currency',
  'description',
  'external_reference',
  'authorize_payment',
];
const maxDescriptionLength = 32;
const maxAmount = Decimal.parse('1000000');
const zero = Decimal.parse('0');

/** Parses the body of a creation request. Throws the Refusal that Lean would respond with if any part is invalid. */
export function parseCreateRequest(body: unknown, profile: Profile): PayoutOrder[] {
  const details = parseObject(body, 'the body', bodyKeys, profile)['payment_details'];
  const orders = parseArray(details, 'payment_details').flatMap((value, index) => {
    const path = `payment_details[${String(index)}]`;
    const entry = parseObject(value, path, entryKeys, profile);
    const accountId = parseText(entry['account_id'], `${path}.account_id`);
    return parseArray(entry['destination_details'], `${path}.destination_details`).map(
      (destination, position) => ({
        ...parseDestination(destination, `${path}.destination_details[${String(position)}]`, profile),
        entryCurrency: entry['currency'],
        accountId,
        path,
      }),
    );
  });
  // The shape of the whole body is checked before any account or destination is looked up.
  return orders.map(({ accountId, destinationId, entryCurrency, currency, path, ...order }) => {
    const account = profile.accounts.get(accountId);
    if (account === undefined)
      throw new Refusal(404, 'INVALID_ACCOUNT', `account with id = ${accountId} not found`);
    const destination = profile.destinations.get(destinationId);
    if (destination === undefined) {
      const message = `destination with id = ${destinationId} not found`;
      throw new Refusal(404, 'UNKNOWN_PAYMENT_DESTINATION', message);
    }
    if (destination.behaviour === 'refused') {
      throw new Refusal(
        422,
        'BENEFICIARY_NOT_ACTIVE',
        `destination with id = ${destinationId} is not active`,
      );
    }
    if (!account.hasBalance) {
      throw new Refusal(400, 'INSUFFICIENT_BALANCE', `account with id = ${accountId} has too little balance`);
    }
    for (const requested of profile.checksAllFields ? [entryCurrency, currency] : []) {
      if (requested !== undefined && requested !== destination.currency) {
        throw invalidParameters(`${path}: currency must be ${destination.currency} for this destination`);
      }
    }
    return { ...order, account, destination, currency: destination.currency };
  });
}

function parseDestination(value: unknown, path: string, profile: Profile) {
  const entry = parseObject(value, path, destinationKeys, profile);
  const destinationId = parseText(entry['payment_destination_id'], `${path}.payment_destination_id`);
  const description = parseText(entry['description'], `${path}.description`);
  if (description.length > maxDescriptionLength) {
    throw invalidParameters(`${path}.description must have 1 to ${String(maxDescriptionLength)} characters`);
  }
  const authorized = entry['authorize_payment'];
  if (typeof authorized !== 'boolean')
    throw invalidParameters(`${path}.authorize_payment must be true or false`);
  const reference = profile.checksAllFields ? (entry['external_reference'] ?? null) : null;
  if (reference !== null && typeof reference !== 'string') {
    throw invalidParameters(`${path}.external_reference must be a string`);
  }
  const amount = parseAmount(entry['amount'], `${path}.amount`);
  return {
    destinationId,
    description,
    authorized,
    externalReference: reference,
    amount,
    currency: entry['currency'],
  };
}

function parseAmount(value: unknown, path: string): Decimal {
  if (!(value instanceof Decimal) || zero === undefined || value.compare(zero) <= 0) {
    throw new Refusal(400, 'INVALID_AMOUNT', `${path} must be a number greater than 0`);
  }
  if (value.scale > 2) throw new Refusal(400, 'INVALID_AMOUNT', `${path} must have at most 2 decimals`);
  if (maxAmount !== undefined && value.compare(maxAmount) > 0) {
    throw new Refusal(400, 'AMOUNT_OVER_MAX_VALUE', `${path} must be at most ${maxAmount.toString()}`);
  }
  return value;
}

function parseObject(
  value: unknown,
  path: string,
  known: readonly string[],
  profile: Profile,
): Record<string, unknown> {
  if (!isRecord(value)) throw invalidParameters(`${path} must be an object`);
  const unknown = profile.checksAllFields ? Object.keys(value).find(key => !known.includes(key)) : undefined;
  if (unknown !== undefined) throw invalidParameters(`${path} has an unknown key: ${unknown}`);
  return value;
}

function parseArray(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0)
    throw invalidParameters(`${path} must be a non-empty array`);
  return value;
}

function parseText(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '')
    throw invalidParameters(`${path} must be a non-empty string`);
  return value;
}
