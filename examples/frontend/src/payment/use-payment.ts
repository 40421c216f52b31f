import { useApolloClient } from '@apollo/client/react';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import type { PaymentAnswer } from './payment-answer';
import type { PaymentInput } from './payment-input';
import { createPayment, findPayment } from './payment-requests';
import {
  type PendingPayment,
  readPending,
  removePending,
  savePending,
  usePendingPayment,
} from './pending-payment';

/** A payment from its form to its outcome, with one key however often it is sent. */
export function usePayment() {
  const client = useApolloClient();
  const pending = usePendingPayment();
  const [answer, setAnswer] = useState<PaymentAnswer>();
  const [input, setInput] = useState<PaymentInput>();
  const [isBusy, setBusy] = useState(false);
  const running = useRef(false);

  const run = async (request: () => Promise<PaymentAnswer | undefined>): Promise<void> => {
    // A second click may come before React has disabled the button.
    if (running.current) return;
    running.current = true;
    setBusy(true);
    try {
      setAnswer(await request());
    } finally {
      setBusy(false);
      running.current = false;
    }
  };

  /** Sends the form. It keeps the key of an earlier attempt that was not sent. */
  const send = (entered: PaymentInput): Promise<void> =>
    run(async () => {
      const former = readPending();
      // Another tab may have sent a payment since this form was shown.
      if (former?.sent === true) return undefined;
      const payment = { key: former?.key ?? crypto.randomUUID(), input: entered, sent: true };
      setInput(entered);
      try {
        savePending(payment);
      } catch {
        return { kind: 'not-sent', message: 'This browser cannot store the payment. So it was not sent.' };
      }
      return settle(payment, await createPayment(client, payment.key, entered), false);
    });

  const again = (request: (payment: PendingPayment) => Promise<PaymentAnswer>): Promise<void> =>
    run(async () => {
      const payment = readPending();
      setInput(payment?.input);
      return payment && settle(payment, await request(payment), true);
    });

  /** Sends the pending payment again: the same input with the same key. */
  const repeat = (): Promise<void> => again(({ key, input }) => createPayment(client, key, input));

  /** Asks for the outcome of the pending payment. It sends nothing. */
  const lookUp = (): Promise<void> => again(({ key }) => findPayment(client, key));

  /** Empties the form for the next payment. */
  const startNext = (): void => {
    setAnswer(undefined);
    setInput(undefined);
  };

  // After a reload it asks for the outcome of what was sent before.
  const onShown = useEffectEvent(() => {
    if (readPending()?.sent === true) void lookUp();
  });
  useEffect(() => onShown(), []);

  return { pending, answer, input: pending?.input ?? input, isBusy, send, repeat, lookUp, startNext };
}

/** Keeps or removes the pending payment, as an answer about it allows. */
function settle(payment: PendingPayment, answer: PaymentAnswer, mayBePaid: boolean): PaymentAnswer {
  // Another tab may have settled it in the meantime, and begun another one.
  if (readPending()?.key !== payment.key) return answer;
  if (answer.kind === 'created' || answer.kind === 'rejected') removePending();
  // The form may change again. It keeps its key, because one key never pays twice.
  if (answer.kind === 'invalid' || (answer.kind === 'not-sent' && !mayBePaid))
    savePending({ ...payment, sent: false });
  return answer;
}
