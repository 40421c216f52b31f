import { printSchema } from '../../../src/schema/index.ts';
import { accountingSdl, ledgerSdl, startAccounting, startLedger } from '../../support/other-subgraphs.ts';
import { startIssuer } from '../../support/issuer.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';
import type { Router, RouterOptions, StartRouter } from './routers.ts';

type GatewayOptions = NonNullable<Parameters<typeof startListeningGateway>[0]>;

const secret = 'secret-of-the-router';

/** A gateway with access tokens and a router's secret, and two other subgraphs, behind a router. */
export async function startFederatedGraph(
  startRouter: StartRouter,
  options: { readonly gateway?: GatewayOptions; readonly router?: RouterOptions } = {},
) {
  const [issuer, accounting, ledger] = await Promise.all([startIssuer(), startAccounting(), startLedger()]);
  const gateway = await startListeningGateway({
    ...options.gateway,
    env: { ...issuer.env, ROUTER_SECRET: secret, ...options.gateway?.env },
  });
  const subgraphs = [
    { name: 'payouts', url: gateway.url, sdl: printSchema() },
    { name: 'accounting', url: accounting.url, sdl: accountingSdl },
    { name: 'ledger', url: ledger.url, sdl: ledgerSdl },
  ];
  const router: Router = await startRouter(subgraphs, { secret, ...options.router });
  const authorization = `Bearer ${await issuer.token({ scope: 'payouts:read payouts:create' }, { lifetime: '1h' })}`;
  return {
    gateway,
    url: router.url,
    headers: { authorization },
    /** Sends an operation to the router, with a token. */
    run: (query: string, variables?: object, headers: Record<string, string> = { authorization }) =>
      postOperation(router.url, query, variables, { headers: { accept: 'application/json', ...headers } }),
    async close() {
      await router.close();
      await Promise.all([gateway.close(), accounting.close(), ledger.close(), issuer.close()]);
    },
  };
}

export type FederatedGraph = Awaited<ReturnType<typeof startFederatedGraph>>;
