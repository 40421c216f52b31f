import { createRequire } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';

/*
 * Preloaded into a program (`--import`). It kills the program with SIGKILL at the SQL statement that KILL_AT names:
 * `before INSERT INTO lean_payout_requests` kills before the statement runs, and `after …` kills once the transaction
 * with the statement is committed. It patches the database drivers, so the program itself does not change.
 */

const [when = '', ...words] = (process.env['KILL_AT'] ?? '').split(' ');
const statement = words.join(' ');
const isNamed = (sql: unknown): boolean =>
  typeof sql === 'string' && sql.replace(/\s+/g, ' ').includes(statement);

/** Whether the open transaction contains the statement. */
let isInTransaction = false;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // Blocks until the signal arrives, so that no further code runs.
  for (;;);
}

// The drivers' own types have one signature for each way to call a method. The patches need none of them.
type Method = (this: unknown, ...args: unknown[]) => unknown;

const statements = StatementSync.prototype as unknown as { all: Method };
const all = statements.all;
statements.all = function (...args) {
  const isMatch = isNamed((this as StatementSync).sourceSQL);
  if (isMatch && when === 'before') die();
  const rows = all.apply(this, args);
  isInTransaction ||= isMatch;
  return rows;
};
const databases = DatabaseSync.prototype as unknown as { exec: Method };
const exec = databases.exec;
databases.exec = function (...args) {
  exec.apply(this, args);
  if (args[0] === 'COMMIT' && isInTransaction && when === 'after') die();
};

const pg = createRequire(import.meta.url)('pg') as { readonly Client: { readonly prototype: unknown } };
const clients = pg.Client.prototype as { query: Method };
const query = clients.query;
clients.query = async function (...args) {
  const isMatch = isNamed(args[0]);
  if (isMatch && when === 'before') die();
  const result = await query.apply(this, args);
  isInTransaction ||= isMatch;
  if (args[0] === 'COMMIT' && isInTransaction && when === 'after') die();
  return result;
};
