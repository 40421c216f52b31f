import type { SubmitEvent } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { filterAddress, filterNames } from './list-address';

/** The form that filters the list. It writes the filter into the address. */
export function PayoutFilter() {
  const [address] = useSearchParams();
  const [, navigate] = useLocation();
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    navigate(filterAddress(new FormData(event.currentTarget)));
  };
  const filter = filterNames.map(name => address.get(name));
  const amount = {
    inputMode: 'decimal',
    pattern: '\\s*\\d+(\\.\\d+)?\\s*',
    title: 'Digits, such as 250.75',
  } as const;
  const [min, max, from, to] = filter;
  return (
    // With another filter, as after a step back, the form is created again.
    <form className="filter" key={filter.join()} onSubmit={submit} aria-label="Filter">
      <label>
        Amount from
        <input name="min" {...amount} defaultValue={min ?? ''} />
      </label>
      <label>
        Amount to
        <input name="max" {...amount} defaultValue={max ?? ''} />
      </label>
      <label>
        Created from
        <input name="from" type="date" defaultValue={from ?? ''} />
      </label>
      <label>
        Created to
        <input name="to" type="date" defaultValue={to ?? ''} />
      </label>
      <button type="submit">Filter</button>
      {filter.some(value => value !== null) && <Link href="/">Clear</Link>}
    </form>
  );
}
