/** Limits for one connection, one caller and the whole process. `docs/limits.md` and `/metrics` list them. */
export const connectionLimits = {
  /** Open connections of the GraphQL listener. It closes any further connection at once. */
  connections: 10_000,
  /** The same for the REST listener and for the MCP listener, which have no subscriptions. */
  connectionsWithoutSubscriptions: 2000,
  /** Requests in flight on one HTTP connection (pipelining). One more request closes the connection. */
  requests: 20,
  /** Operations in flight on one WebSocket, including subscriptions. Further operations are refused. */
  operations: 100,
  /** Open subscriptions of one caller. Further subscriptions are refused. */
  subscriptionsPerCaller: 5000,
  /** Open subscriptions of all callers. Further subscriptions are refused. */
  subscriptions: 10_000,
  /** Distinct documents among the open subscriptions of one caller. A further document is refused. */
  subscribedDocumentsPerCaller: 50,
  /** Distinct documents among the open subscriptions of all callers. A further document is refused. */
  subscribedDocuments: 500,
  /** Characters in the operation id that a WebSocket client chooses. Longer ids are refused. */
  operationIdLength: 128,
  /** Bytes that a client may leave unread for `unreadMs`. With more, its connection is closed. */
  unreadBytes: 1024 * 1024,
  unreadMs: 10_000,
  /** Unread bytes above which a connection is closed at once. */
  maxUnreadBytes: 4 * 1024 * 1024,
  /** Unread bytes of all connections together. Above that, the connections with the most unread bytes are closed. */
  maxTotalUnreadBytes: 64 * 1024 * 1024,
  /** Bytes of incomplete or queued request bodies and WebSocket messages, over all connections. */
  maxTotalIncomingBytes: 32 * 1024 * 1024,
  /** Headers of one request. Node ignores further headers. */
  headers: 100,
  /** Time within which the headers of a request must arrive, in ms. */
  headersMs: 10_000,
  /** Time within which a whole request must arrive, in ms. */
  requestMs: 30_000,
  /** Time from the opening of a WebSocket to its `connection_init`, in ms. */
  connectionInitMs: 5000,
  /** Bytes of a message before the caller of a WebSocket is authenticated. A longer message closes the connection. */
  connectionInitBytes: 16 * 1024,
} as const;

/** The limits for which a connection is closed, as the `reason` label of the metric names them. */
export const connectionEndReasons = [
  'unread',
  'unread_in_all',
  'incoming_in_all',
  'connection_init',
  'requests',
  'connections',
] as const;

export type ConnectionEndReason = (typeof connectionEndReasons)[number];
