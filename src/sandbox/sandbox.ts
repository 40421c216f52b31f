import { createServer } from 'node:http';
import { composeSandbox } from './composition.ts';
import type { RunningSandbox, Sandbox } from './sandbox-handle.ts';
import type { SandboxOptions } from './sandbox-options.ts';

export type { LeanBehaviour } from './lean-api/behaviour.ts';
export type { FaultRule, Faults } from './lean-api/faults.ts';
export * from './fixtures.ts';
export type { UnrelatedEvent } from './webhooks/unrelated-events.ts';
export type { PayoutChange, SeededPayout, SeededStep } from './seeded-payout.ts';
export type { SandboxProfile } from './profile.ts';
export type { ReceivedRequest } from './lean-api/received-request.ts';
export type { Operation } from './lean-api/routes.ts';
export type { RunningSandbox, Sandbox } from './sandbox-handle.ts';
export type { SandboxOptions } from './sandbox-options.ts';
export type { SandboxPayouts } from './sandbox-payouts.ts';
export type { StoredPayout } from './stored-payout.ts';
export type { WebhookFaults } from './webhooks/webhook-faults.ts';
export type { WebhookTarget } from './webhooks/webhook-target.ts';
export type { WebhookAttempt, Webhooks } from './webhooks/webhooks.ts';

/**
 * Creates a sandbox that serves through its `listener` and opens no port. Throws a RangeError if an option is
 * invalid.
 */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  return composeSandbox(options).sandbox;
}

/**
 * Starts a sandbox that listens on a port. Rejects with the socket's error if it cannot listen there, and with a
 * RangeError if an option is invalid.
 */
export async function startSandbox(
  options: SandboxOptions & {
    /** 0 chooses a free port. @default 0 */
    readonly port?: number;
    /** @default '127.0.0.1' */
    readonly host?: string;
  } = {},
): Promise<RunningSandbox> {
  const { port = 0, host = '127.0.0.1' } = options;
  const { sandbox, stop } = composeSandbox(options);
  const server = createServer({ keepAliveTimeout: 60_000 }, sandbox.listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  return Object.assign(sandbox, {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(boundPort)}`,
    connections: () =>
      new Promise<number>((resolve, reject) => {
        server.getConnections((error, count) => {
          if (error === null) resolve(count);
          else reject(error);
        });
      }),
    close: () =>
      new Promise<void>(resolve => {
        stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
