import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { AuthContext } from '../../access/authenticator.ts';
import type { RequestReport } from '../observability/request-report.ts';
import type { OfferedType } from './request/content-negotiation.ts';
import type { SubscribedDocument } from './subscriptions/subscriptions.ts';

/** The state that the gateway keeps for one GraphQL request. */
export interface RequestContext {
  /** A logger that adds the request's id to each line. */
  readonly log?: Logger;
  /** Data for the log line and the metrics that are written when the request ends. */
  readonly report?: RequestReport;
  /**
   * The authentication that the endpoint has started. Yoga uses it instead of authenticating again, because each
   * authentication counts against the caller's rate limit.
   */
  readonly authentication?: Promise<AuthContext>;
  /** The media types that the caller accepts, the preferred one first. Undefined over WebSocket. */
  readonly acceptedTypes?: readonly OfferedType[];
  /** The request's body, which is removed when it is parsed. Copies of this context share this object. */
  bodyHolder?: { text: string | undefined };
  /** The caller, after authentication. */
  auth?: AuthContext;
  /**
   * Returns (or throws) the result that the fast path has produced. Yoga formats this result and does not execute the
   * operation again.
   */
  fastPathResult?: () => ExecutionResult;
  /**
   * The last cursor that the subscriber received: the `Last-Event-ID` header that a browser sends when it reconnects.
   */
  lastEventId?: string;
  /** Whether the operation ends because its connection closes, as over WebSocket, when the access token expires. */
  readonly endsWithConnection?: boolean;
  /** Whether the gateway ended the subscription, so that the client should connect again. */
  interrupted?: boolean;
  /** The cursor of the update that is being delivered. */
  deliveredCursor?: string;
  /** The document of a subscription. Subscriptions with the same text share it. */
  subscribedDocument?: SubscribedDocument;
  /** Aborted when the caller disconnects. @default the signal of the HTTP request */
  readonly signal?: AbortSignal;
}
