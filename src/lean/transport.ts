import type { ClientCertificate } from './client-certificate.ts';
import { Connections } from './connections.ts';
import { systemClocks, type Clocks } from './send-window.ts';
import {
  ConnectedRequest,
  type HttpRequest,
  type HttpResponse,
  type SendOptions,
  type UpstreamRequest,
} from './upstream-request.ts';

/** Sends requests to one server. */
export interface Transport {
  /** Creates a request that waits to be started. */
  createRequest(request: HttpRequest, options: SendOptions): UpstreamRequest;
  /** Starts a request at once. The promise is its `outcome`. */
  send(request: HttpRequest, options: SendOptions): Promise<HttpResponse>;
  /** Uses another client certificate for connections from now on. Requests in flight keep their connections. */
  replaceCertificate(certificate: ClientCertificate): void;
  /** Uses new connections from now on. Requests in flight keep theirs. */
  replaceConnections(): void;
  /** Closes all connections at once. Requests in flight and in the queue fail. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Connections for reads at once. Reads beyond them wait in the queue. Each write has a connection of its own. */
  readonly maxConcurrency: number;
  /** Time to connect, with the TLS handshake. @default 10 s */
  readonly connectTimeoutMs?: number;
  /** For a server that requires one (mutual TLS). */
  readonly certificate?: ClientCertificate | undefined;
  /** @default 16 MiB */
  readonly maxResponseBytes?: number;
  /** @default the clocks of the machine */
  readonly clocks?: Clocks;
}

export function createTransport(options: TransportOptions): Transport {
  const { origin, maxConcurrency, connectTimeoutMs = 10_000, maxResponseBytes = 16 * 1024 * 1024 } = options;
  const { clocks = systemClocks } = options;
  let { certificate } = options;
  const open = (): Connections =>
    new Connections({ origin, max: maxConcurrency, connectTimeoutMs, certificate });
  let connections = open();
  /** The current connections, and former ones that still have requests in flight. */
  const unclosed = new Set([connections]);
  const dependencies = { connections: () => connections, maxResponseBytes, clocks };
  const createRequest = (request: HttpRequest, sendOptions: SendOptions): UpstreamRequest =>
    new ConnectedRequest(request, sendOptions, dependencies);
  let closed = false;
  const replaceConnections = (): void => {
    // An answer that came before the transport was closed may turn out to be wrong after it.
    if (closed) return;
    const former = connections;
    connections = open();
    unclosed.add(connections);
    void former.close(connections).finally(() => unclosed.delete(former));
  };
  return {
    createRequest,
    send(request, sendOptions) {
      const started = createRequest(request, sendOptions);
      started.start();
      return started.outcome;
    },
    replaceCertificate(changed) {
      certificate = changed;
      replaceConnections();
    },
    replaceConnections,
    close: async () => {
      closed = true;
      await Promise.all([...unclosed].map(each => each.destroy()));
    },
  };
}
