import type { YogaServerInstance } from 'graphql-yoga';
import type { GraphContext } from '../../schema/context.ts';
import type { RequestContext } from './request-context.ts';

/** The Yoga server, with the contexts of this gateway. */
export type GraphqlServer = YogaServerInstance<RequestContext, GraphContext>;
