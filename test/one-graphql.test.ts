import { GraphQLError, GraphQLSchema } from 'graphql';
import { expect, it } from 'vitest';
import { schema } from '../src/schema/index.ts';
import { startTestGateway } from './support/test-gateway.ts';

it('the schema is built with the same copy of graphql that the tests import', () => {
  expect(schema).toBeInstanceOf(GraphQLSchema);
});

it('the errors of the gateway are instances of the same copy of graphql', async () => {
  const { graphql } = await startTestGateway();
  const { parse, validate } = graphql.getEnveloped({} as never);
  const [error] = validate(schema, parse('{ nothing }') as never) as readonly unknown[];
  expect(error).toBeInstanceOf(GraphQLError);
});
