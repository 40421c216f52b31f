import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import yaml from 'yaml';

/** Composes the subgraphs of apollo-router/supergraph.yaml into supergraph.graphql. */
const folder = join(import.meta.dirname, 'apollo-router');
const { subgraphs } = yaml.parse(await readFile(join(folder, 'supergraph.yaml'), 'utf8'));
const services = Object.entries(subgraphs).map(async ([name, { routing_url: url, schema }]) => ({
  name,
  url,
  typeDefs: parse(await readFile(join(folder, schema.file), 'utf8')),
}));
const { errors, supergraphSdl } = composeServices(await Promise.all(services));
if (errors !== undefined) {
  console.error(errors.map(({ message }) => message).join('\n'));
  process.exit(1);
}
await writeFile(join(import.meta.dirname, 'supergraph.graphql'), supergraphSdl);
console.log('supergraph.graphql is composed.');
