import type { PayoutOutcome } from '../gql/graphql';

const words: Record<PayoutOutcome, string> = {
  IN_PROGRESS: 'In progress',
  PAID: 'Paid',
  NOT_PAID: 'Not paid',
};

/** Whether the money has moved. Null: Lean's statuses do not show it. */
export function OutcomeBadge({ outcome }: { readonly outcome: PayoutOutcome | null }) {
  return (
    <span className={`outcome ${outcome?.toLowerCase() ?? 'not-known'}`}>
      {outcome === null ? 'Not known' : words[outcome]}
    </span>
  );
}
