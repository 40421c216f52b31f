import { useSyncExternalStore } from 'react';
import type { PaymentInput } from './payment-input';

/**
 * The payment whose outcome this browser does not know yet. It is written before the request leaves, and removed only
 * once the outcome is known. So a reload, a crash or a second tab finds the same key, and never pays under another one.
 */
export interface PendingPayment {
  readonly key: string;
  readonly input: PaymentInput;
  /** Whether the payment may have left. If so, its input must not change any more. */
  readonly sent: boolean;
}

const item = 'pending-payment';
const listeners = new Set<() => void>();

/** Throws if the browser cannot store it. Then nothing may be sent. */
export function savePending(payment: PendingPayment): void {
  localStorage.setItem(item, JSON.stringify(payment));
  listeners.forEach(listener => listener());
}

export function removePending(): void {
  localStorage.removeItem(item);
  listeners.forEach(listener => listener());
}

export function readPending(): PendingPayment | undefined {
  return parse(localStorage.getItem(item));
}

/** The pending payment, also if another tab changes it. */
export function usePendingPayment(): PendingPayment | undefined {
  const text = useSyncExternalStore(subscribe, () => localStorage.getItem(item));
  return parse(text);
}

function parse(text: string | null): PendingPayment | undefined {
  return text === null ? undefined : (JSON.parse(text) as PendingPayment);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}
