import { expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { DuplicateValue, type Statement } from '../../src/store/database.ts';
import { MonitoredDatabase } from '../../src/store/monitored-database.ts';
import { freshStore, openTestStore } from '../support/stores.ts';
import { overrideDatabase } from './store-fixture.ts';

const read: Statement = { sql: 'SELECT 1 AS one' };
const write: Statement = { sql: 'UPDATE lean_payouts_schema SET version = version' };

/** A store that refuses writes as a full disk does, while `state.isFull`. */
async function startMonitored() {
  const database = openTestStore(await freshStore('SQLite'));
  const state = { isFull: false, writes: 0 };
  const reports: (string | undefined)[] = [];
  const monitored = new MonitoredDatabase(
    overrideDatabase(database, {
      run: async (...statements) => {
        const isWrite = statements.some(({ sql }) => sql.startsWith('UPDATE'));
        if (isWrite) state.writes += 1;
        if (isWrite && state.isFull) throw new StoreUnavailable(new Error('database or disk is full'));
        return database.run(...statements);
      },
    }),
    error => reports.push(error && (error.cause as Error).message),
    5,
  );
  onTestFinished(() => monitored.close());
  return { monitored, state, reports };
}

it('a full disk is reported once, and its end once a write succeeds', async () => {
  const { monitored, state, reports } = await startMonitored();
  await monitored.run(write);
  expect(monitored.isFailing).toBe(false);
  state.isFull = true;
  for (let times = 0; times < 3; times += 1)
    await expect(monitored.run(write)).rejects.toThrow(StoreUnavailable);
  // Reads succeed, and do not count as the end.
  expect(await monitored.run(read)).toEqual([[{ one: 1 }]]);
  await vi.waitFor(() => expect(state.writes).toBeGreaterThan(6));
  expect(monitored.isFailing).toBe(true);
  expect(reports).toEqual(['database or disk is full']);
  state.isFull = false;
  await vi.waitFor(() => expect(monitored.isFailing).toBe(false));
  expect(reports).toEqual(['database or disk is full', undefined]);
});

it('a store that works is not tested, and a duplicate value is no failure', async () => {
  const { monitored, state, reports } = await startMonitored();
  const insert = { sql: 'CREATE UNIQUE INDEX once ON lean_payouts_schema (version)' };
  await monitored.run(insert);
  await expect(
    monitored.run({ sql: 'INSERT INTO lean_payouts_schema SELECT version FROM lean_payouts_schema' }),
  ).rejects.toThrow(DuplicateValue);
  await new Promise(resolve => setTimeout(resolve, 30));
  expect(reports).toEqual([]);
  expect(state.writes).toBe(0);
});
