/** Limits of one connection, one caller and the whole process. `docs/limits.md` and `/metrics` list them. */
export const connectionLimits = {
  /** Connections of one listener at once; one more is closed as soon as it is open. */
  connections: 10_000,
  /** Requests in flight on one HTTP connection (pipelining); one more ends it. */
  requests: 20,
  /** Operations in flight on one WebSocket, subscriptions among them; one more is refused. */
  operations: 100,
  /** Subscriptions of one caller at once; one more is refused. */
  subscriptionsPerCaller: 5000,
  /** Subscriptions of all callers at once; one more is refused. */
  subscriptions: 10_000,
  /** Different documents that the subscriptions of one caller may have; one more is refused. */
  subscribedDocumentsPerCaller: 50,
  /** The same for the subscriptions of all callers. */
  subscribedDocuments: 500,
  /** Characters in the id that a WebSocket's peer gives an operation; a longer one is refused. */
  operationIdLength: 128,
  /** Bytes that a peer may leave unread for `unreadMs`; with more its connection is ended. */
  unreadBytes: 1024 * 1024,
  unreadMs: 10_000,
  /** Unread bytes beyond which a connection is closed at once. */
  maxUnreadBytes: 4 * 1024 * 1024,
  /** Bytes that all peers together may leave unread; with more the connections with the most of them are ended. */
  maxTotalUnreadBytes: 64 * 1024 * 1024,
  /** Bytes of requests and messages that have not come in whole, or wait for their turn, over all connections. */
  maxTotalIncomingBytes: 64 * 1024 * 1024,
  /** Headers of one request; more are left out. */
  headers: 100,
  /** Time for the headers of a request, in ms. */
  headersMs: 10_000,
  /** Time for a whole request, in ms. */
  requestMs: 30_000,
  /** Time from the opening of a WebSocket to its `connection_init`, in ms. */
  connectionInitMs: 5000,
} as const;

/** Why a connection was ended by its limits. */
export const connectionEnds = [
  'unread',
  'unread_in_all',
  'incoming_in_all',
  'requests',
  'connections',
] as const;

export type ConnectionEnd = (typeof connectionEnds)[number];
