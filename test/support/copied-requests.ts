import type { Database } from '../../src/store/database.ts';

/**
 * Inserts `count` copies of an open request with one transfer. Each copy has its own idempotency key and reference.
 * @param like the idempotency key of the request
 */
export async function copyOpenRequest(database: Database, like: string, count: number): Promise<void> {
  const [[columns = {}] = [], [recordColumns = {}] = []] = await database.run(
    { sql: 'SELECT * FROM lean_payout_requests WHERE idempotency_key = $1', values: [like] },
    { sql: 'SELECT * FROM lean_payout_records WHERE idempotency_key = $1', values: [like] },
  );
  const copy = (table: string, own: readonly string[], all: object) => {
    const others = Object.keys(all).filter(column => !own.includes(column));
    const names = [...own, ...others].join(', ');
    const values = [...own.map(() => `'copy-' || CAST(n.i AS TEXT)`), ...others].join(', ');
    return {
      sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(count)})
        INSERT INTO ${table} (${names}) SELECT ${values} FROM ${table} CROSS JOIN n WHERE idempotency_key = $1`,
      values: [like],
    };
  };
  await database.run(
    copy('lean_payout_requests', ['idempotency_key', 'lean_key'], columns),
    copy('lean_payout_records', ['idempotency_key', 'external_reference'], recordColumns),
  );
  // A database in use would have statistics about tables of this size.
  await database.run({ sql: 'ANALYZE' });
}
