import { PaymentForm } from './payment-form';
import { PaymentOutcome } from './payment-outcome';
import { usePayment } from './use-payment';

export function PaymentPage() {
  const { pending, answer, input, isBusy, send, repeat, lookUp, startNext } = usePayment();
  const isLocked = pending?.sent === true;
  return (
    <>
      <title>New payout</title>
      <h1>New payout</h1>
      <PaymentOutcome
        answer={answer}
        isBusy={isBusy}
        isPending={isLocked}
        onRepeat={() => void repeat()}
        onLookUp={() => void lookUp()}
        onStartNext={startNext}
      />
      {answer?.kind !== 'created' && (
        <PaymentForm
          // Another tab, or a reload, may bring another payment.
          key={pending?.key}
          input={input}
          fieldErrors={answer !== undefined && 'fieldErrors' in answer ? answer.fieldErrors : {}}
          isDisabled={isLocked || isBusy}
          onSubmit={input => void send(input)}
        />
      )}
    </>
  );
}
