import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import type { Decimal } from '../payouts/values/decimal.ts';
import type { Instant } from '../payouts/values/instant.ts';
import type { GraphContext } from './context.ts';

/** Output fields are non-null by default. Arguments and input fields are optional by default. */
export const builder = new SchemaBuilder<{
  Context: GraphContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Instant; Output: Instant };
    Decimal: { Input: Decimal; Output: Decimal };
    PayoutCurrencyCode: { Input: string; Output: string };
  };
}>({
  plugins: [DirectivesPlugin, FederationPlugin],
  defaultFieldNullability: false,
});
