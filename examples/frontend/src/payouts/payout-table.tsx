import { Link } from 'wouter';
import type { PayoutRowFragment } from '../gql/graphql';
import { Amount } from './amount';
import { OutcomeBadge } from './outcome-badge';
import { Time } from './time';

export function PayoutTable({ payouts }: { readonly payouts: readonly PayoutRowFragment[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Recipient</th>
          <th scope="col">Reference</th>
          <th scope="col">Created</th>
          <th scope="col" className="amount">
            Amount
          </th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {payouts.map(({ id, recipient, description, createdAt, amount, outcome }) => (
          <tr key={id}>
            <th scope="row">
              <Link href={`/payouts/${id}`}>{recipient.displayName ?? id}</Link>
            </th>
            <td>{description}</td>
            <td>
              <Time at={createdAt} />
            </td>
            <td className="amount">
              <Amount {...amount} />
            </td>
            <td>
              <OutcomeBadge outcome={outcome} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
