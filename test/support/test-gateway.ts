import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print, type ExecutionResult } from 'graphql';
import { onTestFinished } from 'vitest';
import { startHttpServer } from '../../src/adapters/http/http-server.ts';
import { parseConfig, type Environment } from '../../src/config/config.ts';
import { createGateway, createLog, type GatewayOptions } from '../../src/composition/gateway.ts';
import { prepareCompleteStore } from './complete-store.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { hotAfter } from './fast-path.ts';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

export type OperationResult<Data = Record<string, unknown>> = ExecutionResult<Data> & {
  readonly status: number;
};

export interface TestGateway extends ReturnType<typeof createGateway> {
  /** The Lean behind the gateway, with its payouts and received requests. */
  readonly lean: RunningSandbox;
  /** The address of its GraphQL endpoint. */
  readonly url: string;
  /** Sends an operation by HTTP. */
  run<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: string | TypedDocumentNode<Data, Variables>,
    variables?: Variables,
    init?: RequestInit,
  ): Promise<OperationResult<Data>>;
  /** The numbers of Lean requests since the last call, by operation. */
  received(): Readonly<Record<string, number>>;
}

/** Starts a gateway on a port, in front of its own sandbox. Both close with the test. */
export async function startTestGateway(
  options: {
    readonly sandbox?: SandboxOptions;
    readonly env?: Environment;
    readonly log?: NonNullable<GatewayOptions['log']>;
    readonly hotAfter?: number;
  } = {},
): Promise<TestGateway> {
  const lean = await startSandbox(options.sandbox);
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-test-'));
  const config = parseConfig({
    LEAN_BASE_URL: lean.url,
    LEAN_API_TOKEN: sandboxCredentials.token,
    AUTH: 'none',
    INTROSPECTION: 'on',
    LOG_LEVEL: 'silent',
    DATA_DIR: folder,
    ...options.env,
  });
  await prepareCompleteStore(config.store);
  const log = options.log ?? createLog(config);
  const gateway = createGateway(config, { log, hotAfter: options.hotAfter ?? hotAfter });
  // Otherwise the gateway would first read Lean's time before the first payout.
  gateway.core.client.clock.observe(Date.now());
  const { endpoint, metrics, unhealthyReason } = gateway;
  const listener = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    graphql: endpoint,
    graphiql: undefined,
    webhook: undefined,
    unhealthyReason,
    metrics,
    log,
  });
  const url = `${listener.url}/graphql`;
  onTestFinished(async () => {
    await listener.close();
    await gateway.close();
    await lean.close();
    await rm(folder, { recursive: true });
  });
  let countedRequests = 0;
  return {
    ...gateway,
    lean,
    url,
    async run<Data, Variables>(
      document: string | TypedDocumentNode<Data, Variables>,
      variables?: Variables,
      init: RequestInit = {},
    ) {
      const query = typeof document === 'string' ? document : print(document);
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: JSON.stringify({ query, variables }),
        ...init,
      });
      return { status: response.status, ...((await response.json()) as ExecutionResult<Data>) };
    },
    received() {
      const newRequests = lean.requests.slice(countedRequests);
      countedRequests = lean.requests.length;
      return Object.fromEntries(
        Object.entries(Object.groupBy(newRequests, request => request.operation)).map(([name, requests]) => [
          name,
          requests.length,
        ]),
      );
    },
  };
}
