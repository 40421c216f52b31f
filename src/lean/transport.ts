import type { ClientCertificate } from './client-certificate.ts';
import { Connections } from './connections.ts';
import { systemClocks, type Clocks } from './send-window.ts';
import {
  ConnectedRequest,
  type UpstreamRequest,
  type HttpAnswer,
  type HttpRequest,
  type SendOptions,
} from './upstream-request.ts';

export interface Transport {
  /** An exchange that waits to be started. */
  exchange(request: HttpRequest, options: SendOptions): UpstreamRequest;
  /** How an exchange ends that is started at once. */
  send(request: HttpRequest, options: SendOptions): Promise<HttpAnswer>;
  /** Shows another client certificate on connections from now on; exchanges under way keep theirs. */
  present(certificate: ClientCertificate): void;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Connections at once; requests beyond them wait in line. */
  readonly maxConcurrency: number;
  /** What connecting may take of a request's time. @default 10 s */
  readonly connectTimeoutMs?: number;
  /** For a server that asks for one (mutual TLS). */
  readonly certificate?: ClientCertificate | undefined;
  /** @default 16 MiB */
  readonly maxAnswerBytes?: number;
  /** @default the machine's */
  readonly clocks?: Clocks;
}

export function createTransport(options: TransportOptions): Transport {
  const { origin, maxConcurrency, connectTimeoutMs = 10_000, maxAnswerBytes = 16 * 1024 * 1024 } = options;
  const { clocks = systemClocks } = options;
  const open = (certificate: ClientCertificate | undefined): Connections =>
    new Connections({ origin, max: maxConcurrency, connectTimeoutMs, certificate });
  let connections = open(options.certificate);
  const all = new Set([connections]);
  const exchange = (request: HttpRequest, sendOptions: SendOptions): ConnectedRequest =>
    new ConnectedRequest(request, sendOptions, { connections: () => connections, maxAnswerBytes, clocks });
  return {
    exchange,
    send(request, sendOptions) {
      const started = exchange(request, sendOptions);
      started.start();
      return started.ended;
    },
    present(certificate) {
      const former = connections;
      connections = open(certificate);
      all.add(connections);
      void former.close(connections).finally(() => all.delete(former));
    },
    close: async () => {
      await Promise.all([...all].map(each => each.destroy()));
    },
  };
}
