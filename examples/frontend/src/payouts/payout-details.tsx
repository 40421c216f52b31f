import { graphql } from '../gql';
import type { PayoutDetailsFragment, PayoutRowFragment } from '../gql/graphql';
import { Amount } from './amount';
import { OutcomeBadge } from './outcome-badge';
import { statusWords } from './status-words';
import { Time } from './time';

export const PayoutDetailsFields = graphql(`
  fragment PayoutDetails on Payout {
    statusDetails
    bankTransactionReference
    recipient {
      id
      legalName
      iban
    }
    intent {
      id
      externalReference
    }
  }
`);

export function PayoutDetails({ payout }: { readonly payout: PayoutRowFragment & PayoutDetailsFragment }) {
  const { recipient, intent } = payout;
  return (
    <section className="card" aria-label="Details">
      <p className="headline" aria-live="polite">
        <Amount {...payout.amount} /> <OutcomeBadge outcome={payout.outcome} />
      </p>
      <dl>
        <dt>Recipient</dt>
        <dd>{recipient.legalName ?? recipient.displayName ?? '–'}</dd>
        <dt>IBAN</dt>
        <dd>{recipient.iban ?? '–'}</dd>
        <dt>Reference</dt>
        <dd>{payout.description ?? '–'}</dd>
        <dt>Your reference</dt>
        <dd>{intent?.externalReference ?? '–'}</dd>
        <dt>Created</dt>
        <dd>
          <Time at={payout.createdAt} />
        </dd>
        <dt>Status</dt>
        <dd>
          {statusWords(payout)}
          {payout.statusDetails !== null && `: ${payout.statusDetails}`}
        </dd>
        <dt>Bank’s reference</dt>
        <dd>{payout.bankTransactionReference ?? '–'}</dd>
        <dt>Id</dt>
        <dd>{payout.id}</dd>
      </dl>
    </section>
  );
}
