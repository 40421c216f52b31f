import { Link } from 'wouter';
import type { PaymentAnswer } from './payment-answer';
import { UnknownOutcome } from './unknown-outcome';

interface Props {
  readonly answer: PaymentAnswer | undefined;
  readonly isBusy: boolean;
  /** Whether the payment may have been sent, and its outcome is not known. */
  readonly isPending: boolean;
  readonly onRepeat: () => void;
  readonly onLookUp: () => void;
  readonly onStartNext: () => void;
}

/** Says what is known of a payment, and what to do next. Screen readers announce it. */
export function PaymentOutcome({ answer, isBusy, isPending, onRepeat, onLookUp, onStartNext }: Props) {
  return (
    <div aria-live="polite" className="payment-outcome">
      {isBusy ? <p className="notice">Asking the gateway …</p> : content()}
    </div>
  );

  function content() {
    if (answer?.kind === 'created') return <Created {...answer} onStartNext={onStartNext} />;
    if (isPending) return <UnknownOutcome answer={answer} onRepeat={onRepeat} onLookUp={onLookUp} />;
    if (answer !== undefined && answer.kind !== 'unknown')
      return (
        <div className="notice bad">
          <h2>Nothing was paid</h2>
          <p>{answer.message}</p>
        </div>
      );
    return null;
  }
}

function Created({
  payoutId,
  similarUnknownKey,
  onStartNext,
}: Extract<PaymentAnswer, { kind: 'created' }> & Pick<Props, 'onStartNext'>) {
  return (
    <div className="notice good">
      <h2>Lean has accepted the payout</h2>
      <p>Follow it to see when it is paid.</p>
      {similarUnknownKey !== null && (
        <p>
          <strong>Another payment like this one has an unknown outcome</strong> (key {similarUnknownKey}).
          Both may be paid. Was that intended?
        </p>
      )}
      <div className="actions">
        <Link href={`/payouts/${payoutId}`} className="button primary">
          Follow this payout
        </Link>
        <button type="button" onClick={onStartNext}>
          Another payout
        </button>
      </div>
    </div>
  );
}
