const suppliers = [
  { id: 's1', name: 'Horizon Contracting', destination: { id: 'd0000000-0000-4000-8000-000000000001' } },
  { id: 's2', name: 'Creekside Print', destination: { id: 'd0000000-0000-4000-8000-000000000002' } },
];

export const resolvers = {
  Query: { suppliers: () => suppliers },
  Supplier: { __resolveReference: ({ id }) => suppliers.find(supplier => supplier.id === id) },
};
