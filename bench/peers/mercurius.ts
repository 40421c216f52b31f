import { mercuriusFederationPlugin } from '@mercuriusjs/federation';
import { fastify } from 'fastify';
import { api } from './mercurius-api.ts';

/* Mercurius on Fastify, written according to its documentation. */
const app = fastify();
await app.register(mercuriusFederationPlugin, api);
await app.listen({ port: 0, host: '127.0.0.1' });
