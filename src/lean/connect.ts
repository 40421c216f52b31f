import { clientCredentialsToken, staticToken, type AccessTokenSource } from './access-token.ts';
import type { LeanCredentials } from './application.ts';
import {
  readClientCertificate,
  watchClientCertificate,
  type ClientCertificateError,
  type ClientCertificateFiles,
} from './client-certificate.ts';
import { LeanClient, type LeanClientOptions } from './client.ts';
import type { UpstreamCall } from './upstream-call.ts';
import { Bulkhead } from './bulkhead.ts';
import { RetryBudget, RetryPolicy } from './retry.ts';
import { createTransport, type Transport } from './transport.ts';

export interface LeanConnection {
  /** Lean's REST root, such as `https://api2.leantech.me`. */
  readonly baseUrl: URL;
  readonly credentials: LeanCredentials;
  /** For a Lean that requires a client certificate, or whose certificate is of a private authority. */
  readonly certificate: ClientCertificateFiles | undefined;
  /** Time for the upstream work of one field, in ms. */
  readonly timeoutMs: number;
  /** Upstream requests in flight at once, at least 2. */
  readonly maxConcurrency: number;
}

/** Callbacks for the calls to Lean, and for the gateway's client certificate. */
export interface LeanConnectionEvents extends Pick<LeanClientOptions, 'trace'> {
  readonly onCall: (call: UpstreamCall) => void;
  readonly onCertificateReplaced: () => void;
  readonly onCertificateProblem: (error: ClientCertificateError) => void;
}

/** One in this many connections is reserved for creations of payouts. */
const connectionsPerWrite = 8;

/** How many requests of a class may wait, for each connection of the class. */
const queuedPerConnection = 64;

/**
 * A client with everything that it needs to call Lean: connections, certificate, access token, retries, and a bulkhead
 * for each class of requests. It connects on the first call.
 * @throws ClientCertificateError
 */
export function connectLean(
  connection: LeanConnection,
  events: LeanConnectionEvents,
): { readonly client: LeanClient; close(): Promise<void> } {
  const { baseUrl, credentials, timeoutMs, maxConcurrency, certificate: files } = connection;
  const certificate = files && readClientCertificate(files);
  const transports: Transport[] = [];
  const openTransport = (origin: string, connections: number): Transport => {
    // Connecting gets a third of the time, so that a request can be retried after a failed connection.
    const connectTimeoutMs = timeoutMs / 3;
    const transport = createTransport({ origin, maxConcurrency: connections, connectTimeoutMs, certificate });
    transports.push(transport);
    return transport;
  };
  const watcher =
    files &&
    watchClientCertificate(files, {
      onChange: changed => {
        for (const transport of transports) transport.replaceCertificate(changed);
        events.onCertificateReplaced();
      },
      onProblem: events.onCertificateProblem,
    });
  const bulkhead = (concurrency: number): Bulkhead =>
    new Bulkhead({ concurrency, queue: concurrency * queuedPerConnection });
  const writes = Math.max(1, Math.floor(maxConcurrency / connectionsPerWrite));
  const client = new LeanClient({
    transport: openTransport(baseUrl.origin, maxConcurrency),
    token: tokenSource(credentials, openTransport),
    bulkheads: { read: bulkhead(maxConcurrency - writes), write: bulkhead(writes) },
    retries: new RetryPolicy({ budget: new RetryBudget() }),
    basePath: baseUrl.pathname.replace(/\/+$/, ''),
    timeoutMs,
    onCall: events.onCall,
    trace: events.trace,
  });
  return {
    client,
    async close() {
      watcher?.stop();
      await Promise.all(transports.map(transport => transport.close()));
    },
  };
}

function tokenSource(
  credentials: LeanCredentials,
  openTransport: (origin: string, connections: number) => Transport,
): AccessTokenSource {
  if ('token' in credentials) return staticToken(credentials.token);
  const { tokenUrl, ...rest } = credentials;
  return clientCredentialsToken(openTransport(tokenUrl.origin, 1), { ...rest, tokenPath: tokenUrl.pathname });
}
