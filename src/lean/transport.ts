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
  /** Closes all connections at once. Requests in flight and in the queue fail. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Connections at once. Requests beyond them wait in the queue. */
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
  const open = (certificate: ClientCertificate | undefined): Connections =>
    new Connections({ origin, max: maxConcurrency, connectTimeoutMs, certificate });
  let connections = open(options.certificate);
  /** The current connections, and those of former certificates that still have requests in flight. */
  const unclosed = new Set([connections]);
  const dependencies = { connections: () => connections, maxResponseBytes, clocks };
  const createRequest = (request: HttpRequest, sendOptions: SendOptions): UpstreamRequest =>
    new ConnectedRequest(request, sendOptions, dependencies);
  return {
    createRequest,
    send(request, sendOptions) {
      const started = createRequest(request, sendOptions);
      started.start();
      return started.outcome;
    },
    replaceCertificate(certificate) {
      const former = connections;
      connections = open(certificate);
      unclosed.add(connections);
      void former.close(connections).finally(() => unclosed.delete(former));
    },
    close: async () => {
      await Promise.all([...unclosed].map(each => each.destroy()));
    },
  };
}
