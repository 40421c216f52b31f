import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, inject, it, onTestFinished } from 'vitest';
import { sandboxCredentials } from '../../src/sandbox/named.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { freshDatabase } from '../support/postgres.ts';
import { runProgram, type Program } from '../support/program.ts';

/** Events in all, four for each payout; `LIVE_EVENTS` sets another number. */
const events = Number(process.env['LIVE_EVENTS'] ?? 3000);
const payouts = events / 4;

const secret = 'webhook-secret';

interface Replica {
  readonly program: Program;
  readonly url: string;
}

it('subscribers of two gateways see each step of each payout in order, once, though webhooks repeat, overtake each other, get lost, and a gateway dies', async () => {
  const lean = await startSandbox({ payouts: 0, speed: 600 });
  onTestFinished(() => lean.close());
  const databaseUrl = await freshDatabase(inject('postgresUrl'));
  const start = async (): Promise<Replica> => {
    const program = runProgram('../test/support/live-replica.ts', {
      LEAN_BASE_URL: lean.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_WEBHOOK_SECRET: secret,
      LEAN_TIMEOUT_MS: '60000',
      AUTH: 'none',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: 'error',
    });
    const [, url = ''] = await program.says(/listening at (\S+)/);
    return { program, url };
  };
  const replicas = [await start(), await start()];
  const [survivor, victim] = replicas as [Replica, Replica];
  const hook = await spread(replicas);
  const watchers = [await watch(() => survivor.url), await watch(() => replicas[1]?.url ?? '')];
  lean.webhooks.target = { url: hook, secret };
  Object.assign(lean.webhooks.faults, { duplicate: 0.1, reorder: 0.1, lose: 0.05 });

  const paymentIds = Array.from(
    { length: payouts },
    () => lean.payouts.add({ status: 'PENDING_WITH_BANK' }).paymentId ?? '',
  );
  for (const id of paymentIds) lean.payouts.change(id, { status: 'ACCEPTED_BY_BANK' });
  // Half-way: its subscriber has had something to go on from, and much is still on its way.
  await watchers[1]?.until(seen => seen.size >= payouts / 4);
  victim.program.kill('SIGKILL');
  await victim.program.ended;
  for (const id of paymentIds) lean.payouts.change(id, { bankTransactionReference: `ref-${id}` });
  replicas[1] = await start();
  for (const id of paymentIds) lean.payouts.change(id, { postInitiationStatus: 'PROCESSED' });
  await lean.webhooks.settled();

  const steps = ['PENDING_WITH_BANK', 'ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK'];
  for (const watcher of watchers) {
    await watcher.until(
      seen => seen.size === payouts && [...seen.values()].every(each => each.length >= steps.length),
    );
    expect(
      new Set([...watcher.seen.values()].map(each => each.map(({ leanStatus }) => leanStatus).join())),
    ).toEqual(new Set([steps.join()]));
    const ids = [...watcher.seen.values()].flat().map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
  }
}, 600_000);

/** One address for several gateways, in turns; while one is dead Lean is told so, and sends again. */
async function spread(replicas: readonly Replica[]): Promise<string> {
  let turn = 0;
  const server: Server = createServer((incoming, outgoing) => {
    const replica = replicas[(turn += 1) % replicas.length];
    const target = new URL('/webhooks/lean', replica?.url);
    const passing = request(target, { method: 'POST', headers: incoming.headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502);
      answer.pipe(outgoing);
    });
    passing.on('error', () => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end();
    });
    incoming.pipe(passing);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
}

interface Step {
  readonly eventId: string;
  readonly leanStatus: string;
}

/** Follows all payouts, and comes back with the last event that it has had whenever the connection is lost. */
async function watch(urlOf: () => string) {
  const seen = new Map<string, Step[]>();
  let lastEventId: string | undefined;
  let over = false;
  let check = (): void => undefined;
  onTestFinished(() => {
    over = true;
  });
  const take = (message: string): void => {
    const id = /^id: (.*)$/m.exec(message)?.[1];
    const data = /^data: (\{.*)$/m.exec(message)?.[1];
    if (data === undefined) return;
    const { payoutUpdated } = (JSON.parse(data) as { data: { payoutUpdated: Step & { payoutId: string } } })
      .data;
    const steps = seen.get(payoutUpdated.payoutId) ?? [];
    steps.push(payoutUpdated);
    seen.set(payoutUpdated.payoutId, steps);
    lastEventId = id;
    check();
  };
  const connected = Promise.withResolvers<undefined>();
  const follow = async (): Promise<void> => {
    while (!over)
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
          for (const message of messages) take(message);
        }
      } catch {
        // The gateway is gone; its successor goes on.
        await new Promise(resolve => setTimeout(resolve, 100));
      }
  };
  void follow();
  await connected.promise;
  return {
    seen,
    until: (fits: (seen: ReadonlyMap<string, readonly Step[]>) => boolean): Promise<void> =>
      new Promise(resolve => {
        check = () => {
          if (fits(seen)) resolve();
        };
        check();
      }),
  };
}
