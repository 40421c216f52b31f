import { Link, Route, Switch } from 'wouter';
import { PaymentPage } from './payment/payment-page';
import { PayoutListPage } from './payouts/payout-list-page';
import { PayoutPage } from './payouts/payout-page';

export function App() {
  return (
    <>
      <header className="top">
        <Link href="/" className="brand">
          Payouts
        </Link>
        <nav aria-label="Main">
          <Link href="/pay" className="button primary">
            New payout
          </Link>
        </nav>
      </header>
      <main>
        <Switch>
          <Route path="/" component={PayoutListPage} />
          <Route path="/pay" component={PaymentPage} />
          <Route path="/payouts/:id">{({ id }) => <PayoutPage key={id} id={id} />}</Route>
          <Route>
            <h1>Page not found</h1>
          </Route>
        </Switch>
      </main>
    </>
  );
}
