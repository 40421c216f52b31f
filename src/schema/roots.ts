import { builder } from './builder.ts';

builder.queryType({ description: 'All queries. They need the scope `payouts:read`.' });
builder.mutationType({
  description: 'All operations that move money. They need the scope `payouts:create`.',
});
