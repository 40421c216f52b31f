/*
 * The accounts and destinations that the form offers. These are the sandbox's. Replace them by your own: the accounts
 * are in the Payouts tab of Lean's dashboard, and the destinations are what your backend has registered with Lean.
 */

export const currency = 'AED';

export const accounts = [
  { id: 'a0000000-0000-4000-8000-000000000001', name: 'Current account' },
  { id: 'a0000000-0000-4000-8000-000000000002', name: 'Payroll account' },
];

export const destinations = [
  { id: 'd0000000-0000-4000-8000-000000000001', name: 'Al Noor Trading' },
  { id: 'd0000000-0000-4000-8000-000000000004', name: 'Desert Falcon Logistics (the bank fails it)' },
  { id: 'd0000000-0000-4000-8000-000000000002', name: 'Horizon Contracting (waits for authorisation)' },
  { id: 'd0000000-0000-4000-8000-000000000009', name: 'New Dawn Consultancy (refused)' },
];
