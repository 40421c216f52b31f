import { createRequire } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';

/*
 * Loaded into a program before its own modules: it kills the program, as nothing can be caught, at the statement that
 * KILL_AT names, such as `before INSERT INTO lean_payout_requests`, or `after` the transaction that has it in it is on
 * disk. What is patched are the two drivers, so nothing of the program knows of it.
 */

const [when = '', ...words] = (process.env['KILL_AT'] ?? '').split(' ');
const statement = words.join(' ');
const named = (sql: unknown): boolean =>
  typeof sql === 'string' && sql.replace(/\s+/g, ' ').includes(statement);

/** Whether the statement is part of the transaction that is open. */
let within = false;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // Nothing runs on until the signal has come.
  for (;;);
}

// Both drivers' own types have a signature for each way to call a method; none of them matters here.
type Method = (this: unknown, ...args: unknown[]) => unknown;

const statements = StatementSync.prototype as unknown as { all: Method };
const all = statements.all;
statements.all = function (...args) {
  const hit = named((this as StatementSync).sourceSQL);
  if (hit && when === 'before') die();
  const rows = all.apply(this, args);
  within ||= hit;
  return rows;
};
const databases = DatabaseSync.prototype as unknown as { exec: Method };
const exec = databases.exec;
databases.exec = function (...args) {
  exec.apply(this, args);
  if (args[0] === 'COMMIT' && within && when === 'after') die();
};

const pg = createRequire(import.meta.url)('pg') as { readonly Client: { readonly prototype: unknown } };
const clients = pg.Client.prototype as { query: Method };
const query = clients.query;
clients.query = async function (...args) {
  const hit = named(args[0]);
  if (hit && when === 'before') die();
  const result = await query.apply(this, args);
  within ||= hit;
  if (args[0] === 'COMMIT' && within && when === 'after') die();
  return result;
};
