import { useEffect, useRef, type SubmitEvent } from 'react';
import { FormField } from './form-field';
import { accounts, currency, destinations } from './payment-options';
import { fieldValue, readInput, type Field, type FieldErrors, type PaymentInput } from './payment-input';

interface Props {
  /** What the fields show at first. */
  readonly input: PaymentInput | undefined;
  readonly fieldErrors: FieldErrors;
  readonly isDisabled: boolean;
  readonly onSubmit: (input: PaymentInput) => void;
}

/** The form of a payment. The gateway checks the values, so that there is one place with the rules. */
export function PaymentForm({ input, fieldErrors, isDisabled, onSubmit }: Props) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!isDisabled) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [fieldErrors, isDisabled]);
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onSubmit(readInput(new FormData(event.currentTarget), currency));
  };
  const control = (name: Field) => ({
    name,
    error: fieldErrors[name],
    defaultValue: fieldValue(input, name),
  });

  return (
    <form ref={form} className="card payment" noValidate onSubmit={submit}>
      <fieldset disabled={isDisabled}>
        <legend className="hidden">Payment</legend>
        <FormField label="From" {...control('accountId')} options={accounts} />
        <FormField label="To" {...control('destinationId')} options={destinations} />
        <FormField label={`Amount in ${currency}`} {...control('amount.amount')} inputMode="decimal" />
        <FormField
          label="Reference for the recipient"
          {...control('description')}
          hint="1 to 32 characters"
        />
        <FormField
          label="Your reference"
          {...control('externalReference')}
          hint="Optional, such as an invoice"
        />
        <label className="check">
          <input type="checkbox" name="authorize" defaultChecked={input?.authorize ?? true} />
          Authorise at once
        </label>
        <button type="submit" className="primary">
          Pay
        </button>
      </fieldset>
    </form>
  );
}
