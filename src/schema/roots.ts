import { builder } from './builder.ts';

builder.queryType({ description: 'Everything that can be read, by callers with the scope `payouts:read`.' });
builder.mutationType({
  description: 'Everything that moves money, for callers with the scope `payouts:create`.',
});
