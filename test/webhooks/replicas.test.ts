import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, inject, it, onTestFinished } from 'vitest';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { freshDatabase } from '../support/postgres.ts';
import { runProgram, type Program } from '../support/program.ts';

/** All events, four for each payout. `LIVE_EVENTS` sets another number. */
const eventCount = Number(process.env['LIVE_EVENTS'] ?? 400);
const payoutCount = eventCount / 4;

const secret = 'webhook-secret';

interface Replica {
  readonly program: Program;
  readonly url: string;
}

it('subscribers of two gateways get each state change once and in order, even if webhooks are repeated, reordered or lost, and a gateway crashes', async () => {
  const lean = await startSandbox({ payouts: 0, speed: 600 });
  onTestFinished(() => lean.close());
  const databaseUrl = await freshDatabase(inject('postgresUrl'));
  const start = async (): Promise<Replica> => {
    const program = runProgram('live-replica', {
      LEAN_BASE_URL: lean.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_WEBHOOK_SECRET: secret,
      LEAN_TIMEOUT_MS: '60000',
      AUTH: 'none',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: 'error',
    });
    const [, url = ''] = await program.waitForOutput(/listening at (\S+)/);
    return { program, url };
  };
  const replicas = [await start(), await start()];
  const [survivor, crashed] = replicas as [Replica, Replica];
  const webhookUrl = await startLoadBalancer(replicas);
  const subscribers = [await subscribe(() => survivor.url), await subscribe(() => replicas[1]?.url ?? '')];
  lean.webhooks.target = { url: webhookUrl, secret };
  Object.assign(lean.webhooks.faults, { duplicate: 0.1, reorder: 0.1, lose: 0.05 });

  const paymentIds = Array.from(
    { length: payoutCount },
    () => lean.payouts.add({ status: 'PENDING_WITH_BANK' }).paymentId ?? '',
  );
  for (const id of paymentIds) lean.payouts.change(id, { status: 'ACCEPTED_BY_BANK' });
  // By now its subscriber has a cursor to resume from, and many events are still to come.
  await subscribers[1]?.waitUntil(received => received.size >= payoutCount / 4);
  crashed.program.kill('SIGKILL');
  await crashed.program.ended;
  for (const id of paymentIds) lean.payouts.change(id, { bankTransactionReference: `ref-${id}` });
  replicas[1] = await start();
  for (const id of paymentIds) lean.payouts.change(id, { postInitiationStatus: 'PROCESSED' });
  await lean.webhooks.settled();

  const states = ['PENDING_WITH_BANK', 'ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK'];
  for (const { received, waitUntil } of subscribers) {
    await waitUntil(
      () =>
        received.size === payoutCount &&
        [...received.values()].every(updates => updates.length >= states.length),
    );
    expect(
      new Set([...received.values()].map(updates => updates.map(({ leanStatus }) => leanStatus).join())),
    ).toEqual(new Set([states.join()]));
    const ids = [...received.values()].flat().map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
  }
}, 600_000);

/** A proxy that sends webhooks to the gateways in turn. It answers 502 for a crashed gateway, so that Lean retries. */
async function startLoadBalancer(replicas: readonly Replica[]): Promise<string> {
  let turn = 0;
  const server: Server = createServer((incoming, outgoing) => {
    const replica = replicas[(turn += 1) % replicas.length];
    const target = new URL('/webhooks/lean', replica?.url);
    const forwarded = request(target, { method: 'POST', headers: incoming.headers }, response => {
      outgoing.writeHead(response.statusCode ?? 502);
      response.pipe(outgoing);
    });
    forwarded.on('error', () => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end();
    });
    incoming.pipe(forwarded);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
}

interface Update {
  readonly eventId: string;
  readonly leanStatus: string;
}

/** Subscribes to all payouts. Reconnects with the last event id after a lost connection. */
async function subscribe(urlOf: () => string) {
  const received = new Map<string, Update[]>();
  let lastEventId: string | undefined;
  let hasEnded = false;
  let onUpdate = (): void => undefined;
  onTestFinished(() => {
    hasEnded = true;
  });
  const handle = (message: string): void => {
    const id = /^id: (.*)$/m.exec(message)?.[1];
    const data = /^data: (\{.*)$/m.exec(message)?.[1];
    if (data === undefined) return;
    const { payoutUpdated } = (JSON.parse(data) as { data: { payoutUpdated: Update & { payoutId: string } } })
      .data;
    const updates = received.get(payoutUpdated.payoutId) ?? [];
    updates.push(payoutUpdated);
    received.set(payoutUpdated.payoutId, updates);
    lastEventId = id;
    onUpdate();
  };
  const connected = Promise.withResolvers<undefined>();
  const run = async (): Promise<void> => {
    while (!hasEnded)
      try {
        const query = 'subscription { payoutUpdated { eventId payoutId leanStatus } }';
        const response = await fetch(urlOf(), {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'text/event-stream',
            ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
          },
          body: JSON.stringify({ query }),
        });
        const decoder = new TextDecoder();
        let text = '';
        for await (const chunk of response.body ?? []) {
          connected.resolve(undefined);
          text += decoder.decode(chunk as Uint8Array, { stream: true });
          const messages = text.split('\n\n');
          text = messages.pop() ?? '';
          for (const message of messages) handle(message);
        }
      } catch {
        // The gateway has crashed. The next connection goes to its successor.
        await new Promise(resolve => setTimeout(resolve, 100));
      }
  };
  void run();
  await connected.promise;
  return {
    received,
    waitUntil: (isMet: (received: ReadonlyMap<string, readonly Update[]>) => boolean): Promise<void> =>
      new Promise(resolve => {
        onUpdate = () => {
          if (isMet(received)) resolve();
        };
        onUpdate();
      }),
  };
}
