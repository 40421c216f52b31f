import { useEffect, useState } from 'react';
import type { PaymentAnswer } from './payment-answer';

interface Props {
  readonly answer: PaymentAnswer | undefined;
  readonly onRepeat: () => void;
  readonly onLookUp: () => void;
}

/** A payment that may have been sent. It offers only what cannot pay twice: the same key again, or a question. */
export function UnknownOutcome({ answer, onRepeat, onLookUp }: Props) {
  const repeatAt = answer?.kind === 'unknown' ? answer.repeatAt : undefined;
  const seconds = useSecondsUntil(repeatAt);
  const canRepeat = repeatAt !== undefined || answer?.kind === 'not-sent';
  return (
    <div className="notice warn">
      <h2>
        {answer?.kind === 'conflict' ? 'The key belongs to another payment' : 'This payout is being checked'}
      </h2>
      <p>
        It is not known yet whether it is paid. <strong>Do not pay it in another way.</strong>
      </p>
      {answer !== undefined && 'message' in answer && <p>{answer.message}</p>}
      <div className="actions">
        {canRepeat && (
          <button type="button" className="primary" disabled={seconds > 0} onClick={onRepeat}>
            Repeat with the same key
          </button>
        )}
        <button type="button" onClick={onLookUp}>
          Look it up
        </button>
        {/* Not announced every second. */}
        {seconds > 0 && <span aria-live="off">Repeat in {seconds} s</span>}
      </div>
    </div>
  );
}

/** The seconds that are left until a time in epoch ms, rounded up. */
function useSecondsUntil(time: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (time === undefined) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [time]);
  return time === undefined ? 0 : Math.max(0, Math.ceil((time - now) / 1000));
}
