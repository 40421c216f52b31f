import type { Account } from '../account.ts';
import { Decimal } from '../decimal.ts';
import type { Destination } from '../destination.ts';
import { isRecord } from '../exact-json.ts';
import type { Profile } from '../profile.ts';
import { invalidParameters, Refusal } from './refusal.ts';

/** One payout that a create request asks for. */
export interface Order {
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

/** Reads the body of a create request, all of it or none: throws the Refusal that Lean would answer with. */
export function parseOrders(body: unknown, profile: Profile): Order[] {
  const details = fields(body, 'the body', bodyKeys, profile)['payment_details'];
  const orders = list(details, 'payment_details').flatMap((value, index) => {
    const at = `payment_details[${String(index)}]`;
    const entry = fields(value, at, entryKeys, profile);
    const accountId = text(entry['account_id'], `${at}.account_id`);
    return list(entry['destination_details'], `${at}.destination_details`).map((destination, position) => ({
      ...parseDestination(destination, `${at}.destination_details[${String(position)}]`, profile),
      entryCurrency: entry['currency'],
      accountId,
      at,
    }));
  });
  // The shape of the whole body comes first, then what it speaks of.
  return orders.map(({ accountId, destinationId, entryCurrency, currency, at, ...order }) => {
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
    for (const asked of profile.takesReferences ? [entryCurrency, currency] : []) {
      if (asked !== undefined && asked !== destination.currency) {
        throw invalidParameters(`${at}: currency must be ${destination.currency} for this destination`);
      }
    }
    return { ...order, account, destination, currency: destination.currency };
  });
}

function parseDestination(value: unknown, at: string, profile: Profile) {
  const entry = fields(value, at, destinationKeys, profile);
  const destinationId = text(entry['payment_destination_id'], `${at}.payment_destination_id`);
  const description = text(entry['description'], `${at}.description`);
  if (description.length > maxDescriptionLength) {
    throw invalidParameters(`${at}.description must have 1 to ${String(maxDescriptionLength)} characters`);
  }
  const authorized = entry['authorize_payment'];
  if (typeof authorized !== 'boolean')
    throw invalidParameters(`${at}.authorize_payment must be true or false`);
  const reference = profile.takesReferences ? (entry['external_reference'] ?? null) : null;
  if (reference !== null && typeof reference !== 'string') {
    throw invalidParameters(`${at}.external_reference must be a string`);
  }
  const amount = parseAmount(entry['amount'], `${at}.amount`);
  return {
    destinationId,
    description,
    authorized,
    externalReference: reference,
    amount,
    currency: entry['currency'],
  };
}

function parseAmount(value: unknown, at: string): Decimal {
  if (!(value instanceof Decimal) || zero === undefined || value.compare(zero) <= 0) {
    throw new Refusal(400, 'INVALID_AMOUNT', `${at} must be a number greater than 0`);
  }
  if (value.scale > 2) throw new Refusal(400, 'INVALID_AMOUNT', `${at} must have at most 2 decimals`);
  if (maxAmount !== undefined && value.compare(maxAmount) > 0) {
    throw new Refusal(400, 'AMOUNT_OVER_MAX_VALUE', `${at} must be at most ${maxAmount.toString()}`);
  }
  return value;
}

function fields(
  value: unknown,
  at: string,
  known: readonly string[],
  profile: Profile,
): Record<string, unknown> {
  if (!isRecord(value)) throw invalidParameters(`${at} must be an object`);
  const unknown = profile.takesReferences ? Object.keys(value).find(key => !known.includes(key)) : undefined;
  if (unknown !== undefined) throw invalidParameters(`${at} has an unknown key: ${unknown}`);
  return value;
}

function list(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidParameters(`${at} must be a non-empty array`);
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '') throw invalidParameters(`${at} must be a non-empty string`);
  return value;
}
