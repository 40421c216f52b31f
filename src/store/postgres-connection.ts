import type pg from 'pg';

/** First key of the advisory locks. It identifies this program in a database that other programs may use too. */
export const lockClass = 0x4c50_4757;

/** The settings of every connection. @param url `postgres://…` */
export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'lean-payouts-gateway',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  };
}
