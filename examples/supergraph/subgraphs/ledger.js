const entries = [
  {
    number: '2026-0001',
    invoice: { minorUnits: 399200, currency: 'AED' },
    supplier: { id: 's1' },
    payout: { id: 'po_c0000000-0000-4000-8000-000000000001' },
  },
  {
    number: '2026-0002',
    invoice: { minorUnits: 23800, currency: 'AED' },
    supplier: { id: 's2' },
    payout: { id: 'po_c0000000-0000-4000-8000-000000000002' },
  },
];

export const resolvers = { Query: { entries: () => entries } };
