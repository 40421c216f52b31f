import { GraphQLError, GraphQLSchema } from 'graphql';
import { expect, it } from 'vitest';
import { schema } from '../src/schema/index.ts';
import { startTestGateway } from './support/test-gateway.ts';

it('the schema is made of the graphql that everyone else imports', () => {
  expect(schema).toBeInstanceOf(GraphQLSchema);
});

it('the errors that reach callers are those of the same graphql', async () => {
  const { graphql } = await startTestGateway();
  const { parse, validate } = graphql.getEnveloped({} as never);
  const [error] = validate(schema, parse('{ nothing }') as never) as readonly unknown[];
  expect(error).toBeInstanceOf(GraphQLError);
});
