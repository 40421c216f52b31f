import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { createLoaders } from './loaders.ts';
import { schema } from './pothos-schema.ts';

/* Peer E: GraphQL Yoga and Pothos with DataLoader, written according to their documentation. */
const yoga = createYoga({ schema, context: createLoaders, logging: false });
createServer(yoga).listen(0, '127.0.0.1');
