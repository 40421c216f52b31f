const bookings = new Map([['po_c0000000-0000-4000-8000-000000000001', '4400 Contractors']]);

export const resolvers = {
  Query: { bookAccounts: () => [...new Set(bookings.values())] },
  Payout: { __resolveReference: ({ id }) => ({ id, bookedTo: bookings.get(id) ?? null }) },
};
