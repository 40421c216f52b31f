import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';

/** Starts Hive Gateway with supergraph.graphql. It sends the secret to the subgraph of the payouts only. */
export async function startRouter(port, secret) {
  const router = createGatewayRuntime({
    supergraph: join(import.meta.dirname, 'supergraph.graphql'),
    logging: 'warn',
    propagateHeaders: {
      fromClientToSubgraphs: ({ request, subgraphName }) => ({
        authorization: request.headers.get('authorization') ?? undefined,
        'x-router-secret': subgraphName === 'payouts' ? secret : undefined,
      }),
    },
    // Longer than the gateway's LEAN_TIMEOUT_MS (10 s). Otherwise a slow payout has an unknown outcome for the caller.
    upstreamTimeout: 30_000,
    // When a caller hangs up, the gateway ends the Lean calls of its query.
    executionCancellation: true,
    upstreamCancellation: true,
  });
  await once(createServer(router).listen(port, '127.0.0.1'), 'listening');
}
