import { clientCredentialsToken, readyToken, type AccessTokenSource } from './access-token.ts';
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
import { Retries, RetryBudget } from './retry.ts';
import { createTransport, type Transport } from './transport.ts';

export type { LeanCredentials };

export interface LeanConnection {
  /** Lean's REST root, such as `https://api2.leantech.me`. */
  readonly baseUrl: URL;
  readonly credentials: LeanCredentials;
  /** For a Lean that asks for a client certificate. */
  readonly certificate: ClientCertificateFiles | undefined;
  /** Deadline of one field's upstream work. */
  readonly timeoutMs: number;
  /** Upstream requests in flight at once, at least 2. */
  readonly maxConcurrency: number;
}

export interface LeanEvents extends Pick<LeanClientOptions, 'trace'> {
  readonly onCall: (call: UpstreamCall) => void;
  readonly onCertificateReplaced: () => void;
  readonly onCertificateProblem: (error: ClientCertificateError) => void;
}

/** Part of all connections that payouts have to themselves: one in eight. */
const writeShare = 8;

/** Requests that may wait for each connection of their class. */
const waitingPerConnection = 64;

/**
 * A client with all that leads to Lean: connections, certificate, access token, retries, and a lane for each class of
 * requests. Calls nobody until it is asked something.
 * @throws ClientCertificateError
 */
export function connectLean(
  connection: LeanConnection,
  events: LeanEvents,
): { readonly client: LeanClient; close(): Promise<void> } {
  const { baseUrl, credentials, timeoutMs, maxConcurrency, certificate: files } = connection;
  const certificate = files && readClientCertificate(files);
  const transports: Transport[] = [];
  const open = (origin: string, connections: number): Transport => {
    // Connecting gets a third of the time, so that a connection that does not come about can be tried again.
    const connectTimeoutMs = timeoutMs / 3;
    const transport = createTransport({ origin, maxConcurrency: connections, connectTimeoutMs, certificate });
    transports.push(transport);
    return transport;
  };
  const watch =
    files &&
    watchClientCertificate(files, {
      onChange: fresh => {
        for (const transport of transports) transport.present(fresh);
        events.onCertificateReplaced();
      },
      onProblem: events.onCertificateProblem,
    });
  const lane = (concurrency: number): Bulkhead =>
    new Bulkhead({ concurrency, queue: concurrency * waitingPerConnection });
  const writes = Math.max(1, Math.floor(maxConcurrency / writeShare));
  const client = new LeanClient({
    transport: open(baseUrl.origin, maxConcurrency),
    token: tokenSource(credentials, open),
    lanes: { read: lane(maxConcurrency - writes), write: lane(writes) },
    retries: new Retries({ budget: new RetryBudget() }),
    basePath: baseUrl.pathname.replace(/\/+$/, ''),
    timeoutMs,
    onCall: events.onCall,
    trace: events.trace,
  });
  return {
    client,
    async close() {
      watch?.stop();
      await Promise.all(transports.map(transport => transport.close()));
    },
  };
}

function tokenSource(
  credentials: LeanCredentials,
  open: (origin: string, connections: number) => Transport,
): AccessTokenSource {
  if ('token' in credentials) return readyToken(credentials.token);
  const { tokenUrl, ...rest } = credentials;
  return clientCredentialsToken(open(tokenUrl.origin, 1), { ...rest, tokenPath: tokenUrl.pathname });
}
