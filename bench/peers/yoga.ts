import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { freshLoaders } from './loaders.ts';
import { schema } from './pothos-schema.ts';

/** Peer E: GraphQL Yoga and Pothos with DataLoader, as their own documents would have one write it. */
const yoga = createYoga({ schema, context: freshLoaders, logging: false });
createServer(yoga).listen(0, '127.0.0.1');
