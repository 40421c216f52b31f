import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { AuthContext } from '../../access/authenticator.ts';
import type { RequestReport } from '../observability/request-report.ts';
import type { SubscribedDocument } from './subscriptions.ts';

/** What the server knows of a request beside the request itself. */
export interface RequestContext {
  /** Names the request in every line. */
  readonly log?: Logger;
  /** What is told of it when it is over. */
  readonly report?: RequestReport;
  /** Who asks, or why they are not let in, where that has been asked already: each request is counted once. */
  readonly admitting?: Promise<AuthContext>;
  /** The body, until it is taken. */
  sent?: { body: string | undefined };
  /** Who asks, once they have been let in. */
  admission?: AuthContext;
  /** What came of it, where it has been executed already: all that is left is to tell its caller. */
  executed?: () => ExecutionResult;
  /** The last cursor that a subscriber received, from the `Last-Event-ID` of a browser that connects again. */
  lastEventId?: string;
  /** The cursor of the update that is being delivered. */
  deliveredCursor?: string;
  /** The document of a subscription, shared with others. */
  subscribed?: SubscribedDocument;
  /** Aborted when the caller goes away; without it, the request's own. */
  readonly signal?: AbortSignal;
}
