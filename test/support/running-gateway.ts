import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionResult } from 'graphql';
import { parseConfig, type Environment } from '../../src/config/config.ts';
import { startGateway, type GatewayOptions, type RunningGateway } from '../../src/composition/gateway.ts';
import { prepareCompleteStore } from './complete-store.ts';
import { hotAfter } from './fast-path.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

type StartOptions = NonNullable<Parameters<typeof startGateway>[1]>;

export interface ListeningGateway extends RunningGateway {
  /** The Lean behind the gateway. */
  readonly lean: RunningSandbox;
  /** The address without a path. */
  readonly origin: string;
}

/** Starts a gateway on a free port, in front of its own sandbox. `close` closes both. */
export async function startListeningGateway(
  options: {
    readonly sandbox?: SandboxOptions;
    readonly env?: Environment;
    readonly log?: NonNullable<GatewayOptions['log']>;
    readonly traces?: boolean;
    readonly examples?: NonNullable<StartOptions['examples']>;
  } = {},
): Promise<ListeningGateway> {
  const { log, traces = false, examples } = options;
  const lean = await startSandbox(options.sandbox);
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-test-'));
  const config = parseConfig({
    LEAN_BASE_URL: lean.url,
    LEAN_API_TOKEN: sandboxCredentials.token,
    AUTH: 'none',
    PORT: '0',
    REST_PORT: 'off',
    MCP_PORT: 'off',
    LOG_LEVEL: 'silent',
    DATA_DIR: folder,
    ...options.env,
  });
  await prepareCompleteStore(config.store);
  const gateway = await startGateway(config, {
    hotAfter,
    traces,
    ...(log !== undefined && { log }),
    ...(examples !== undefined && { examples }),
  });
  return {
    ...gateway,
    lean,
    origin: new URL(gateway.url).origin,
    async close() {
      await gateway.close();
      await lean.close();
      await rm(folder, { recursive: true });
    },
  };
}

export type OperationResponse = ExecutionResult<Record<string, unknown>> & {
  readonly status: number;
  readonly headers: Headers;
};

/** Sends an operation by HTTP POST, like any GraphQL client. */
export async function postOperation(
  url: string,
  query: string,
  variables?: object,
  init: RequestInit = {},
): Promise<OperationResponse> {
  return readResponse(
    await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ query, variables }),
      ...init,
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...(init.headers as Record<string, string> | undefined),
      },
    }),
  );
}

async function readResponse(response: Response): Promise<OperationResponse> {
  const result = (await response.json()) as ExecutionResult<Record<string, unknown>>;
  return { status: response.status, headers: response.headers, ...result };
}
