import type { CreatePayoutInput } from '../gql/graphql';

/** The input of a payment, without its key. */
export type PaymentInput = Omit<CreatePayoutInput, 'idempotencyKey'>;

/** The fields of the form, by their path within the input, as `inputErrors` names them. */
export const fields = [
  'accountId',
  'destinationId',
  'amount.amount',
  'description',
  'externalReference',
] as const;

export type Field = (typeof fields)[number];

export type FieldErrors = Readonly<Partial<Record<Field, string>>>;

/** The input that a form holds. */
export function readInput(form: FormData, currency: string): PaymentInput {
  const text = (name: Field): string => String(form.get(name) ?? '').trim();
  const externalReference = text('externalReference');
  return {
    accountId: text('accountId'),
    destinationId: text('destinationId'),
    // The amount stays text. A number would lose digits.
    amount: { amount: text('amount.amount'), currency },
    description: text('description'),
    ...(externalReference !== '' && { externalReference }),
    authorize: form.get('authorize') === 'on',
  };
}

/** What a field shows of an input. */
export function fieldValue(input: PaymentInput | undefined, field: Field): string {
  return (field === 'amount.amount' ? input?.amount.amount : input?.[field]) ?? '';
}
