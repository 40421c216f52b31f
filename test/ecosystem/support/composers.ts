import * as apollo from '@apollo/composition';
import * as guild from '@theguild/federation-composition';
import { federateSubgraphs, ROUTER_COMPATIBILITY_VERSION_ONE } from '@wundergraph/composition';
import * as apollo26 from 'apollo-composition-2.6';
import { parse, printSchema } from 'graphql';

/** A subgraph as composers read it. */
export interface ComposedSubgraph {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

export interface Composition {
  /** The messages of the errors. Without any there is a supergraph. */
  readonly errors: readonly string[];
  /** The supergraph's SDL for a router, or what the composer returns instead. */
  readonly supergraph: string;
}

type Composer = (subgraphs: readonly ComposedSubgraph[]) => Composition;

interface ComposedByApollo {
  readonly errors?: readonly { readonly message: string }[] | undefined;
  readonly supergraphSdl?: string | undefined;
}

const definitionsOf = (subgraphs: readonly ComposedSubgraph[]) =>
  subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl, { noLocation: true }) }));

const fromApollo = ({ errors = [], supergraphSdl = '' }: ComposedByApollo): Composition => ({
  errors: errors.map(({ message }) => message),
  supergraph: supergraphSdl,
});

const composeByApollo: Composer = subgraphs => fromApollo(apollo.composeServices(definitionsOf(subgraphs)));

/** The composers, by the names under which package.json installs them. */
export const composers: Readonly<Record<string, Composer>> = {
  'apollo-composition-2.6': subgraphs => fromApollo(apollo26.composeServices(definitionsOf(subgraphs))),
  '@apollo/composition': composeByApollo,
  '@theguild/federation-composition': subgraphs =>
    fromApollo(guild.composeServices(definitionsOf(subgraphs))),
  '@wundergraph/composition': subgraphs => {
    const result = federateSubgraphs({
      subgraphs: definitionsOf(subgraphs).map(({ typeDefs, ...subgraph }) => ({
        ...subgraph,
        definitions: typeDefs,
      })),
      version: ROUTER_COMPATIBILITY_VERSION_ONE,
    });
    return result.success
      ? { errors: [], supergraph: printSchema(result.federatedGraphSchema) }
      : { errors: result.errors.map(({ message }) => message), supergraph: '' };
  },
};

/** Composes a supergraph for a router. Throws an error with the messages of the composer. */
export function composeSupergraph(subgraphs: readonly ComposedSubgraph[]): string {
  const { errors, supergraph } = composeByApollo(subgraphs);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return supergraph;
}
