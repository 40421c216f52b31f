import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import type { Database } from '../../src/store/database.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { NewPayoutFollower, type NewPayoutFollowerOptions } from '../../src/webhooks/new-payout-follower.ts';
import { clientTo, json, rawServer, startLean } from '../lean/fixtures.ts';
import { created, minute, overrideDatabase, response, startStore } from '../store/store-fixture.ts';
import { editRows, startLeanProxy } from '../support/lean-proxy.ts';
import { createTestCore, keyOf, transfer, transfers } from '../support/test-core.ts';
import { createEventProcessor, updateStore } from '../support/updates.ts';

/** The store's time stands still, so a lease ends only after the test has let time pass. */
const intervalMs = 5;
const leaseMs = 2 * intervalMs;

interface FollowingOptions extends Partial<NewPayoutFollowerOptions> {
  readonly application?: string;
  /** How long an open circuit waits before its probe. With 0, Lean's failures stop no request. @default 0 */
  readonly probeAfterMs?: number;
}

/**
 * Starts to follow the payouts of a store. Each poll waits at its beginning until the test lets it run. With
 * `idleIntervalMs` of 0 there is a poll at every interval.
 */
function startFollowing(
  leanUrl: string,
  database: Database,
  clock: { readonly ms: number },
  { application = 'test', probeAfterMs = 0, ...options }: FollowingOptions = {},
) {
  const now = (): number => clock.ms;
  const leanClock = new LeanClock({ monotonic: now, wall: now });
  leanClock.observe(now());
  const read = new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs });
  const client = clientTo(leanUrl, { clock: leanClock, bulkheads: { read, write: read } });
  const store = updateStore(database, application);
  const { events, leases } = store;
  let storeReads = 0;
  let isPolling = false;
  let hasRead = Promise.withResolvers<undefined>();
  let begun = Promise.withResolvers<undefined>();
  let mayRun = Promise.withResolvers<undefined>();
  let isStopped = false;
  const beginPollWhenAllowed = async (): Promise<void> => {
    storeReads += 1;
    begun.resolve(undefined);
    await mayRun.promise;
  };
  const isFollowLeaseTaken = leases.isFollowLeaseTaken.bind(leases);
  vi.spyOn(leases, 'isFollowLeaseTaken').mockImplementation(async ms => {
    await beginPollWhenAllowed();
    const isTaken = isStopped || (await isFollowLeaseTaken(ms));
    isPolling = !isTaken;
    return isTaken;
  });
  const newPayouts = events.newPayouts.bind(events);
  vi.spyOn(events, 'newPayouts').mockImplementation(async (...query) => {
    if (!isPolling) await beginPollWhenAllowed();
    isPolling = false;
    const payouts = isStopped ? [] : await newPayouts(...query);
    hasRead.resolve(undefined);
    return payouts;
  });
  const processor = createEventProcessor(client, store);
  const publishRow = vi.spyOn(processor, 'publishRow');
  const followed = new NewPayoutFollower({
    client,
    ...store,
    processor,
    intervalMs,
    idleIntervalMs: 0,
    ...options,
  });
  const stop = async (): Promise<void> => {
    isStopped = true;
    mayRun.resolve(undefined);
    await followed.stop();
  };
  onTestFinished(stop);
  followed.start();
  /** Lets the next poll run. */
  const beginPoll = async (): Promise<void> => {
    await begun.promise;
    begun = Promise.withResolvers();
    const { resolve } = mayRun;
    mayRun = Promise.withResolvers();
    resolve(undefined);
  };
  return {
    stop,
    wake() {
      followed.wake();
    },
    /** How many polls have read the store. */
    storeReads: () => storeReads,
    /** How often a row was given to the processor to publish its state. */
    publishedRows: () => publishRow.mock.calls.length,
    /** The processor cannot settle the state of the next row. */
    leaveNextRowUnsettled() {
      publishRow.mockResolvedValueOnce('unsettled');
    },
    beginPoll,
    /** Runs one poll that finds no new payouts, so no other follows by itself. */
    async becomeIdle(): Promise<void> {
      hasRead = Promise.withResolvers();
      await beginPoll();
      await hasRead.promise;
    },
    /** Runs one poll. It has ended when the next one begins. */
    async poll(): Promise<void> {
      await beginPoll();
      await begun.promise;
    },
    published: async () =>
      (await events.publishedAfter(0, 1000)).updates.map(({ intentId, leanStatus }) => [
        intentId,
        leanStatus,
      ]),
  };
}

const row = (intentId: string, status: string, paymentId: string | null = null) => ({
  payment_intent_id: intentId,
  payment_id: paymentId,
  status,
});

describe('a gateway that follows new payouts', () => {
  /** A gateway in front of a Lean whose list and time the test sets. */
  async function start(options: FollowingOptions = {}) {
    const store = await startStore('SQLite');
    const { clock, records, createSent, createSettled } = store;
    const lean = {
      rows: [] as (object | null)[],
      /** The status to refuse the reads of a payout with, by its intent id. */
      refuse: (() => undefined) as (intentId: string) => number | undefined,
    };
    const readIds: string[] = [];
    const queries: Record<string, string>[] = [];
    const { url } = await rawServer((answer, { target }) => {
      const { pathname, searchParams } = new URL(target, 'http://lean');
      answer.setHeader('date', new Date(clock.ms).toUTCString());
      if (pathname !== '/payouts/v1/payments') {
        const intentId = decodeURIComponent(pathname.split('/')[4] ?? '');
        readIds.push(intentId);
        json(answer, { status: 'REFUSED', message: 'no', timestamp: '' }, lean.refuse(intentId) ?? 404);
        return;
      }
      queries.push(Object.fromEntries(searchParams));
      const first = Number(searchParams.get('page_number')) * 100;
      json(answer, { content: lean.rows.slice(first, first + 100) });
    });
    const following = startFollowing(url, store.database, clock, options);
    return {
      ...store,
      ...following,
      lean,
      create: (intentId: string) => createSettled(intentId, keyOf(intentId)),
      createBatch: async (intentIds: readonly string[]) => {
        const lease = await createSent(keyOf('batch'), transfers(intentIds.length));
        await records.settle(
          lease,
          response,
          intentIds.map((id, index) => created(id, index)),
        );
      },
      /** The payouts that Lean was asked about since the last call, each once. */
      readPayouts: () => [...new Set(readIds.splice(0))],
      /** Lets an interval pass, and returns the queries of the list meanwhile. */
      async passInterval(ms = intervalMs): Promise<readonly Record<string, string>[]> {
        clock.ms += ms;
        await following.poll();
        return queries.splice(0);
      },
    };
  }

  it('publishes each state of a payout once, until it has a payment or has failed', async () => {
    const { lean, create, passInterval, published, publishedRows } = await start();
    await create('mine');
    await create('fails');
    lean.rows = [row('mine', 'CREATED'), row('fails', 'FAILED'), row('not followed', 'CREATED')];
    await passInterval();
    expect(await passInterval()).toHaveLength(1);
    expect(await published()).toEqual([
      ['mine', 'CREATED'],
      ['fails', 'FAILED'],
    ]);
    expect(publishedRows()).toBe(2);
    lean.rows = [row('mine', 'AWAITING_AUTHORIZATION')];
    await passInterval();
    lean.rows = [row('mine', 'PENDING_WITH_BANK', 'payment')];
    await passInterval();
    expect((await published()).slice(2)).toEqual([['mine', 'AWAITING_AUTHORIZATION']]);
    expect(await passInterval()).toEqual([]);
  });

  it('publishes a failure at the next interval if its state cannot be settled at first', async () => {
    const { lean, create, passInterval, published, leaveNextRowUnsettled } = await start();
    await create('fails');
    lean.rows = [row('fails', 'FAILED')];
    leaveNextRowUnsettled();
    await passInterval();
    expect(await published()).toEqual([]);
    await passInterval();
    expect(await published()).toEqual([['fails', 'FAILED']]);
    expect(await passInterval()).toEqual([]);
  });

  it('treats a payout with the bank as paid, even if the list shows no payment id', async () => {
    const { lean, create, passInterval, published } = await start();
    await create('one');
    await create('two');
    lean.rows = [row('one', 'PENDING_WITH_BANK'), row('two', 'ACCEPTED_BY_BANK')];
    await passInterval();
    expect(await passInterval()).toEqual([]);
    expect(await published()).toEqual([]);
  });

  it('reads the list from a minute before the oldest payout, for two minutes after its creation', async () => {
    const { create, passInterval } = await start();
    await create('first');
    await passInterval(minute);
    await create('second');
    expect(await passInterval(minute - intervalMs)).toEqual([
      { page_number: '0', page_size: '100', from: '2026-02-28T23:59:00.000Z' },
    ]);
    expect(await passInterval(intervalMs)).toMatchObject([{ from: '2026-03-01T00:00:00.000Z' }]);
    expect(await passInterval(minute)).toEqual([]);
  });

  it('reads the list from before the send of a payout whose outcome was found later', async () => {
    const { clock, createUnknown, reconciliation, passInterval } = await start();
    const request = await createUnknown();
    clock.ms += 5 * minute;
    await reconciliation.recordFound(request, 0, created('found'));
    expect(await passInterval()).toMatchObject([{ from: '2026-02-28T23:59:00.000Z' }]);
  });

  it('follows the newest thousand payouts, and reads ten pages of the list at most', async () => {
    const { clock, lean, create, createBatch, passInterval, published } = await start();
    await create('oldest');
    await passInterval();
    clock.ms += 1;
    await createBatch(Array.from({ length: 1000 }, (_, index) => `intent-${String(index)}`));
    lean.rows = [
      row('oldest', 'CREATED'),
      ...Array.from({ length: 898 }, (_, index) => row(`not followed-${String(index)}`, 'CREATED')),
      ...Array.from({ length: 300 }, (_, index) => row(`intent-${String(index)}`, 'CREATED')),
    ];
    const queries = await passInterval();
    expect(queries.map(query => query['page_number'])).toEqual(Array.from('0123456789'));
    expect((await published()).map(([intentId]) => intentId)).toEqual(
      Array.from({ length: 101 }, (_, index) => `intent-${String(index)}`),
    );
  });

  it('ends a read of the list with the page that shows the last followed payout', async () => {
    const { lean, create, passInterval } = await start();
    await create('mine');
    lean.rows = [
      row('mine', 'CREATED'),
      ...Array.from({ length: 300 }, (_, index) => row(String(index), 'CREATED')),
    ];
    expect(await passInterval()).toMatchObject([{ page_number: '0' }]);
  });

  it('skips rows without an intent id', async () => {
    const { lean, create, passInterval, published } = await start();
    await create('mine');
    lean.rows = [{ status: 'CREATED' }, null, row('mine', 'CREATED')];
    await passInterval();
    expect(await published()).toEqual([['mine', 'CREATED']]);
  });

  it('publishes the other payouts if one cannot be read, and tries that one again at each interval', async () => {
    const { lean, create, passInterval, published, readPayouts } = await start();
    for (const intentId of ['broken', 'one', 'two']) await create(intentId);
    lean.rows = [row('broken', 'FAILED'), row('one', 'FAILED'), row('two', 'FAILED')];
    lean.refuse = intentId => (intentId === 'broken' ? 500 : undefined);
    await passInterval();
    const others = [
      ['one', 'FAILED'],
      ['two', 'FAILED'],
    ];
    expect(await published()).toEqual(others);
    expect(readPayouts()).toEqual(['broken', 'one', 'two']);
    await passInterval();
    expect(readPayouts()).toEqual(['broken']);
    lean.refuse = () => undefined;
    await passInterval();
    expect(await published()).toEqual([...others, ['broken', 'FAILED']]);
    expect(await passInterval()).toEqual([]);
  });

  it('comes to the others with the next read if the first three cannot be read', async () => {
    const { lean, create, passInterval, published } = await start();
    const broken = ['broken-1', 'broken-2', 'broken-3'];
    for (const intentId of [...broken, 'last']) await create(intentId);
    lean.rows = [...broken, 'last'].map(intentId => row(intentId, 'FAILED'));
    lean.refuse = intentId => (broken.includes(intentId) ? 500 : undefined);
    await passInterval();
    expect(await published()).toEqual([]);
    await passInterval(leaseMs);
    expect(await published()).toEqual([['last', 'FAILED']]);
  });

  it('asks a Lean that fails altogether about three payouts at each read, other ones each time', async () => {
    const { lean, createBatch, passInterval, readPayouts } = await start();
    const intentIds = Array.from({ length: 7 }, (_, index) => `intent-${String(index)}`);
    await createBatch(intentIds);
    lean.rows = intentIds.map(intentId => row(intentId, 'FAILED'));
    lean.refuse = () => 500;
    const reads: (readonly string[])[] = [];
    for (let times = 0; times < 5; times += 1) {
      await passInterval(leaseMs);
      reads.push(readPayouts());
    }
    expect(reads).toEqual([
      ['intent-0', 'intent-1', 'intent-2'],
      ['intent-3', 'intent-4', 'intent-5'],
      ['intent-6', 'intent-0', 'intent-1'],
      ['intent-2', 'intent-3', 'intent-4'],
      ['intent-5', 'intent-6', 'intent-0'],
    ]);
  });

  it('ends a read when Lean asks for fewer requests, and goes on behind the refused payout', async () => {
    const { lean, create, passInterval, published, readPayouts } = await start();
    const intentIds = ['one', 'two', 'three'];
    for (const intentId of intentIds) await create(intentId);
    lean.rows = intentIds.map(intentId => row(intentId, 'FAILED'));
    lean.refuse = () => 429;
    await passInterval();
    expect(readPayouts()).toEqual(['one']);
    lean.refuse = () => undefined;
    await passInterval(leaseMs);
    expect((await published()).map(([intentId]) => intentId)).toEqual(['two', 'three', 'one']);
  });

  it('ends a read as soon as the circuit is open', async () => {
    const { lean, create, passInterval, publishedRows } = await start({ probeAfterMs: 60_000 });
    await create('first');
    lean.refuse = () => 500;
    lean.rows = [row('first', 'FAILED')];
    await passInterval();
    await passInterval();
    expect(publishedRows()).toBe(2);
    const others = ['one', 'two', 'three'];
    for (const intentId of others) await create(intentId);
    lean.rows = others.map(intentId => row(intentId, 'FAILED'));
    // This is the tenth call of which most have failed.
    await passInterval();
    expect(publishedRows()).toBe(3);
  });

  it('calls Lean no more once a webhook has shown the payment', async () => {
    const { database, create, passInterval } = await start();
    await create('mine');
    expect(await passInterval()).toHaveLength(1);
    const publishedAt = '2026-03-01T00:00:00Z' as Instant;
    const status = 'PENDING_WITH_BANK';
    const change = { eventId: 'event', type: 'PAYMENT_CREATED', status, leanStatus: status } as const;
    await new SqlPayoutEvents(database, 'test').publish(
      [{ ...change, intentId: 'mine', paymentId: 'payment', postInitiationStatus: null, publishedAt }],
      0,
    );
    expect(await passInterval()).toEqual([]);
  });

  it('never calls Lean, and reads the store once, while no payouts are created', async () => {
    const { url, received } = await rawServer(answer => {
      json(answer, { content: [] });
    });
    const { clock, open, createSettled } = await startStore('PostgreSQL');
    const idle = startFollowing(url, open(), clock, { idleIntervalMs: 3_600_000 });
    const other = startFollowing(url, open(), clock);
    await idle.beginPoll();
    for (let polls = 0; polls < 5; polls += 1) await other.poll();
    expect(idle.storeReads()).toBe(1);
    expect(received).toEqual([]);
    await createSettled('mine');
    idle.wake();
    await idle.poll();
    expect(received).toHaveLength(1);
  });

  it('reads the store again at the next interval after it was unavailable', async () => {
    const { url } = await rawServer(answer => {
      json(answer, { content: [] });
    });
    const { clock, database } = await startStore('SQLite');
    let runs = 0;
    const run: Database['run'] = (...statements) => {
      runs += 1;
      const isFailing = runs >= 2 && runs <= 4;
      return isFailing
        ? Promise.reject(new StoreUnavailable(new Error('down')))
        : database.run(...statements);
    };
    const failing = overrideDatabase(database, { run });
    const { beginPoll, poll, wake, storeReads } = startFollowing(url, failing, clock, {
      idleIntervalMs: 3_600_000,
    });
    await beginPoll();
    wake();
    for (let failures = 0; failures < 3; failures += 1) await poll();
    expect(storeReads()).toBe(5);
  });
});

describe('several gateways on one PostgreSQL', () => {
  /**
   * A Lean, and gateways that create payouts which wait for their authorisation, and that follow them. They are idle for
   * an hour when there are no new payouts.
   */
  async function start() {
    const { clock, open } = await startStore('PostgreSQL');
    const startOneLean = async (seed: number) => {
      const sandbox = await startLean({ clock: () => clock.ms, seed });
      const lean = await startLeanProxy(sandbox.url);
      const listReads = () => sandbox.requests.filter(({ query }) => query['from'] !== undefined).length;
      return { sandbox, lean, listReads };
    };
    const { sandbox, lean, listReads } = await startOneLean(1);
    const startCore = (leanUrl = lean.url, application = 'test') => {
      const database = open();
      const { create } = createTestCore(leanUrl, database, { now: () => clock.ms, application });
      return {
        database,
        create: async (key: string): Promise<string> => {
          const answer = await create(
            key,
            transfer(destinations.waitsForAuthorization, { externalReference: key }),
          );
          return answer.kind === 'created' ? answer.intentId : answer.kind;
        },
      };
    };
    const startGateway = (leanUrl = lean.url, application = 'test') => {
      const { database, create } = startCore(leanUrl, application);
      let statements = 0;
      const counted = overrideDatabase(database, {
        run: (...given) => {
          statements += given.length;
          return database.run(...given);
        },
      });
      const following = startFollowing(leanUrl, counted, clock, { application, idleIntervalMs: 3_600_000 });
      const start = async (key: string): Promise<string> => {
        const intentId = await create(key);
        following.wake();
        return intentId;
      };
      return { ...following, create: start, statements: () => statements };
    };
    type Gateway = ReturnType<typeof startGateway>;
    return {
      clock,
      sandbox,
      lean,
      startOneLean,
      startCore,
      startGateway,
      listReads,
      /** Lets an interval pass, and returns how often the gateways have read the list meanwhile. */
      async passInterval(gateways: readonly Gateway[], ms = intervalMs): Promise<number> {
        const before = listReads();
        clock.ms += ms;
        await Promise.all(gateways.map(({ poll }) => poll()));
        return listReads() - before;
      },
    };
  }

  it('read the list once per interval, for the payouts of all of them', async () => {
    const { startCore, startGateway, passInterval } = await start();
    const intentIds = [];
    for (let index = 0; index < 3; index += 1)
      intentIds.push(await startCore().create(`key-${String(index)}`));
    const gateways = [startGateway(), startGateway(), startGateway()];
    for (let intervals = 0; intervals < 5; intervals += 1) expect(await passInterval(gateways)).toBe(1);
    expect(await passInterval(gateways, minute)).toBe(1);
    expect(new Set(await gateways[0]?.published())).toEqual(
      new Set(
        intentIds.flatMap(id => [
          [id, 'CREATED'],
          [id, 'AWAITING_AUTHORIZATION'],
        ]),
      ),
    );
    expect(await gateways[0]?.published()).toHaveLength(2 * intentIds.length);
  });

  /** Two gateways of which the first one reads the list for a payout, and the second one waits. */
  async function startWithOneWaiting() {
    const gateways = await start();
    const [first, second] = [gateways.startGateway(), gateways.startGateway()];
    const intentId = await first.create('key-1');
    expect(await gateways.passInterval([first])).toBe(1);
    second.wake();
    expect(await gateways.passInterval([second], 0)).toBe(0);
    return { ...gateways, first, second, intentId };
  }

  it('have another one take over two intervals after the one that reads the list has stopped', async () => {
    const { first, second, intentId, passInterval } = await startWithOneWaiting();
    await first.stop();
    expect(await passInterval([second])).toBe(0);
    expect(await passInterval([second])).toBe(1);
    expect(await passInterval([second], minute)).toBe(1);
    expect(await second.published()).toEqual([
      [intentId, 'CREATED'],
      [intentId, 'AWAITING_AUTHORIZATION'],
    ]);
  });

  it('have another one take over when the one that reads the list no longer reaches Lean', async () => {
    const { lean, first, second, intentId, passInterval } = await startWithOneWaiting();
    lean.refuse = () => 503;
    await passInterval([first, second]);
    lean.refuse = () => undefined;
    expect(await passInterval([first, second])).toBe(0);
    expect(await passInterval([second])).toBe(1);
    expect(await second.published()).toEqual([[intentId, 'CREATED']]);
  });

  it('make one statement per interval while another one reads the list', async () => {
    const { first, second, passInterval } = await startWithOneWaiting();
    for (let intervals = 0; intervals < 3; intervals += 1) {
      const before = second.statements();
      expect(await passInterval([first, second])).toBe(1);
      expect(second.statements() - before).toBe(1);
    }
  });

  it('follow a payout within two intervals after the one that read the list has become idle', async () => {
    const { first, second, passInterval } = await startWithOneWaiting();
    expect(await passInterval([first], 2 * minute - 2 * intervalMs)).toBe(1);
    await passInterval([second], intervalMs);
    await first.becomeIdle();
    const intentId = await second.create('key-2');
    expect(await passInterval([second], 0)).toBe(0);
    expect(await passInterval([second])).toBe(1);
    expect(await second.published()).toContainEqual([intentId, 'CREATED']);
  });

  it('read the list no more once one of them has seen the payment in it', async () => {
    const { sandbox, first, second, intentId, passInterval } = await startWithOneWaiting();
    sandbox.payouts.change(intentId, { status: 'PENDING_WITH_BANK' });
    expect(await passInterval([first, second])).toBe(1);
    for (let intervals = 0; intervals < 5; intervals += 1)
      expect(await passInterval([first, second])).toBe(0);
  });

  it('follow from their start what was created before', async () => {
    const { startCore, startGateway, passInterval } = await start();
    const intentId = await startCore().create('key-1');
    const started = startGateway();
    await passInterval([started]);
    expect(await started.published()).toEqual([[intentId, 'CREATED']]);
  });

  it('of two Lean applications follow only the payouts of their own', async () => {
    const { startOneLean, startGateway, passInterval } = await start();
    const otherLean = await startOneLean(2);
    const [one, other] = [startGateway(), startGateway(otherLean.lean.url, 'another')];
    const intentId = await one.create('key-1');
    await other.becomeIdle();
    expect(await passInterval([one])).toBe(1);
    expect(otherLean.listReads()).toBe(0);
    const otherIntentId = await other.create('key-2');
    for (let intervals = 1; intervals <= 3; intervals += 1) {
      expect(await passInterval([one, other])).toBe(1);
      expect(otherLean.listReads()).toBe(intervals);
    }
    expect((await one.published()).toSorted()).toEqual(
      [intentId, otherIntentId].map(id => [id, 'CREATED']).toSorted(),
    );
  });

  it('publish no state that is older than the last published one, if a list is out of date', async () => {
    const { lean, startGateway, passInterval } = await start();
    const gateways = [startGateway(), startGateway()];
    const intentId = await gateways[0]?.create('key-1');
    await passInterval(gateways, minute);
    let staleLists = 0;
    lean.edit = editRows(rows => {
      staleLists += 1;
      return staleLists === 1 ? rows.map(each => ({ ...each, status: 'CREATED' })) : rows;
    });
    await passInterval(gateways);
    expect(staleLists).toBeGreaterThan(1);
    expect(await gateways[1]?.published()).toEqual([[intentId, 'AWAITING_AUTHORIZATION']]);
  });
});
