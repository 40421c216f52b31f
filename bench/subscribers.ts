import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { payoutIdOf } from '../src/payouts/values/ids.ts';
import { EventReaders, openWithoutReading } from './event-readers.ts';
import { median, printTable } from './figures.ts';
import { startProcess, type ServerProcess } from './processes.ts';

/** Counts of one run of the table. */
export interface Crowd {
  readonly subscribers: number;
  /** How many of them do not read in its second line. */
  readonly notReading: number;
  /** Events that all of them are told. */
  readonly events: number;
}

interface Parts {
  readonly lean: ServerProcess;
  readonly gateway: ServerProcess;
}

interface Delivered {
  readonly first: number;
  readonly median: number;
  readonly last: number;
  readonly cpuMicros: number;
  readonly leanCalls: number;
}

const secret = 'webhook-secret';
const query = 'subscription { payoutUpdated { eventId payoutId status payout { id status } } }';

/**
 * What subscribers cost: one gateway, and all of them told of the same events, each of which comes by Lean's webhook.
 * They read in this process, so that the time to the last of them has in it what reading costs here.
 */
export async function subscribersTable(crowd: Crowd): Promise<void> {
  const { notReading, events } = crowd;
  const subscribers = Math.min(crowd.subscribers, mostConnections());
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('live-lean.ts');
  const gateway = await startProcess('live-gateway.ts', {
    args: [lean.url, folder, secret],
    path: '/graphql',
    // So that it can clear up before it tells how much memory it needs.
    flags: ['--expose-gc'],
  });
  const parts = { lean, gateway };
  try {
    // Code and shapes that are there once for all of them are not to be counted as theirs.
    await told(parts, Math.min(subscribers, 200), events);
    const before = await memory(parts);
    const readers = await EventReaders.open(gateway.url, query, subscribers);
    const kibEach = ((await memory(parts)) - before) / subscribers;
    const all = await measure(parts, readers, subscribers, events);
    await leave(parts, readers);

    const sockets = await fillUp(parts, notReading);
    const others = await told(parts, subscribers - notReading, events);
    if (Number(await gateway.ask('stuck')) !== notReading) throw new Error('who was not to read has read');
    for (const socket of sockets) socket.destroy();

    printTable(
      'Subscribers to all payouts on one gateway, each told of a step',
      ['', 'KiB each', 'first ms', 'median ms', 'last ms', 'CPU µs each', 'Lean calls'],
      [
        [`${String(subscribers)} that read`, kibEach.toFixed(1), ...figures(all)],
        [
          `${String(subscribers - notReading)}, beside ${String(notReading)} that do not`,
          '',
          ...figures(others),
        ],
      ],
    );
  } finally {
    for (const server of [gateway, lean]) await server.stop();
    await rm(folder, { recursive: true });
  }
}

function figures({ first, median: middle, last, cpuMicros, leanCalls }: Delivered): string[] {
  return [...[first, middle, last, cpuMicros].map(figure => figure.toFixed(1)), leanCalls.toFixed(1)];
}

/** Subscribers come, are told, and leave. */
async function told(parts: Parts, subscribers: number, events: number): Promise<Delivered> {
  const readers = await EventReaders.open(parts.gateway.url, query, subscribers);
  const delivered = await measure(parts, readers, subscribers, events);
  await leave(parts, readers);
  return delivered;
}

async function leave({ gateway }: Parts, readers: EventReaders): Promise<void> {
  const others = Number(await gateway.ask('stuck'));
  readers.leave();
  while (Number(await gateway.ask('connected')) > others) await pause(50);
}

async function measure(
  { lean, gateway }: Parts,
  readers: EventReaders,
  subscribers: number,
  events: number,
): Promise<Delivered> {
  const spans: (readonly number[])[] = [];
  const [cpuBefore, callsBefore] = [await gateway.cpuMicros(), Number(await lean.ask('calls'))];
  for (let event = 0; event < events; event += 1) {
    const webhook = String(await lean.ask('payout'));
    const { payload } = JSON.parse(webhook) as { readonly payload: { readonly intent_id: string } };
    const arriving = readers.arrivals(`"payout":{"id":"${payoutIdOf(payload.intent_id)}"`);
    const sentAt = performance.now();
    await post(gateway.url, webhook);
    spans.push((await arriving).map(at => at - sentAt));
    await pause(20);
  }
  const cpu = (await gateway.cpuMicros()) - cpuBefore;
  const calls = Number(await lean.ask('calls')) - callsBefore;
  return {
    first: median(spans.map(span => span[0] ?? NaN)),
    median: median(spans.map(median)),
    last: median(spans.map(span => span.at(-1) ?? NaN)),
    cpuMicros: cpu / events / subscribers,
    leanCalls: calls / events,
  };
}

const large = `subscription { payoutUpdated { payout { ${Array.from('abcdefghijklmno', alias => `${alias}: description`).join(' ')} } } }`;

/**
 * Subscribers that do not read, told of large payouts until the gateway cannot send any of them any more. A smaller
 * buffer of the system would be the quicker way, but Node sets none.
 */
async function fillUp({ lean, gateway }: Parts, count: number) {
  const sockets = await Promise.all(
    Array.from({ length: count }, () => openWithoutReading(gateway.url, large)),
  );
  while (Number(await gateway.ask('connected')) < count) await pause(20);
  for (let events = 0; Number(await gateway.ask('stuck')) < count; events += 1) {
    if (events === 1000) throw new Error('who does not read is sent more and more all the same');
    await post(gateway.url, String(await lean.ask('large payout')));
    await pause(20);
  }
  return sockets;
}

async function memory({ gateway }: Parts): Promise<number> {
  return Number(await gateway.ask('needed memory'));
}

const agent = new Agent({ keepAlive: true, timeout: 1000 });

function post(url: string, webhook: string): Promise<void> {
  const signature = `sha512=${createHmac('sha512', secret).update(webhook).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'lean-signature': signature };
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/webhooks/lean', url), { agent, method: 'POST', headers }, response => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the webhook was answered ${String(response.statusCode)}`));
      });
    });
    sent.on('error', reject);
    sent.end(webhook);
  });
}

/** Each takes a file descriptor here, and one in the gateway, which has the same limit. */
function mostConnections(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | string } };
  };
  const soft = Number(userLimits?.open_files.soft);
  return Number.isFinite(soft) ? soft - 200 : Infinity;
}
