import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { StoreConfigError } from './database.ts';

/** First key of the advisory locks. It identifies this program in a database that other programs may use too. */
export const lockClass = 0x4c50_4757;

/** SQL for the granted advisory locks of this database whose first key is $1. `pg_locks` shows all databases. */
export const heldLocksSql = `SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = $1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const accepted =
  'postgres://user:password@host:port/database, with spaces and the characters @ / ? # and % of a password written as %20 %40 %2F %3F %23 and %25';

/** At most one `@` is accepted. With two, a part of the password could be read as the host. */
const urlPattern =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^@/?#]*)@)?(?<host>[^@/?#,]*)(?:\/(?<database>[^@?#]*))?(?:\?(?<query>[^@#]*))?$/i;

/** The parameters of libpq that choose TLS. */
const tlsParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

/** The parameters of the library pg that choose TLS in another way. */
const pgParameters = ['ssl', 'sslnegotiation', 'uselibpqcompat'] as const;

interface Address {
  /** `user:password` and `host:port`, percent-encoded as in the URL. */
  readonly user: string;
  readonly host: string;
  readonly database: string;
  readonly query: URLSearchParams;
}

/**
 * The settings of every connection. `sslmode` and the files of certificates mean what they mean for libpq.
 * @param url `postgres://…`
 * @throws StoreConfigError for an address that is not accepted; the message repeats no part of it but the path of an
 *   unreadable file
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export function clientConfig(url: string): pg.ClientConfig {
  const { user, host, database, query } = parseAddress(url);
  // They would override what sslmode demands.
  if (pgParameters.some(name => query.has(name)))
    throw notAccepted('sslmode for TLS; ssl, sslnegotiation and uselibpqcompat are not accepted');
  const isSocket = /^\/|^%2f/i.test(query.get('host') ?? host);
  const ssl = isSocket ? false : tlsOptions(query);
  for (const name of tlsParameters) query.delete(name);
  const credentials = user === '' ? '' : `${user}@`;
  return {
    connectionString: `postgres://${credentials}${host}/${database}?${query.toString()}`,
    application_name: 'lean-payouts-gateway',
    connectionTimeoutMillis: 3000,
    // Longer than the pool's statement_timeout, so that the server ends a slow statement first.
    query_timeout: 6000,
    keepAlive: true,
    ...(ssl !== undefined && { ssl }),
  };
}

/** The host and the name of a database, without credentials. */
export function databaseLocation(url: string): string {
  const { host, database, query } = parseAddress(url);
  return `${query.get('host') ?? decodeURIComponent(host)}/${database}`;
}

function parseAddress(url: string): Address {
  const { user = '', host = '', database = '', query = '' } = urlPattern.exec(url)?.groups ?? {};
  const isAccepted =
    urlPattern.test(url) &&
    // With a space in it, the library encodes the whole address a second time.
    !/\s/.test(url) &&
    [user, host, database].every(isPercentEncoded) &&
    (host === '' || URL.canParse(`postgres://${host}`));
  if (!isAccepted) throw notAccepted(accepted);
  return { user, host, database, query: new URLSearchParams(query) };
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The TLS options for libpq's parameters; undefined if they are not set, false for no TLS. */
function tlsOptions(query: URLSearchParams): ConnectionOptions | false | undefined {
  if (tlsParameters.every(name => !query.has(name))) return undefined;
  const authority = query.get('sslrootcert');
  // `system` selects the authorities that Node trusts. libpq then accepts no mode that checks less.
  const isSystem = authority === 'system';
  const files = {
    ...(authority !== null && !isSystem && { ca: readPem('sslrootcert', authority) }),
    ...(query.has('sslcert') && { cert: readPem('sslcert', query.get('sslcert') ?? '') }),
    ...(query.has('sslkey') && { key: readPem('sslkey', query.get('sslkey') ?? '') }),
  };
  const checkNoHost = { ...files, checkServerIdentity: () => undefined };
  switch (query.get('sslmode') ?? 'verify-full') {
    case 'disable':
      return false;
    case 'require':
      if (isSystem) break;
      return files.ca === undefined ? { ...files, rejectUnauthorized: false } : checkNoHost;
    case 'verify-ca':
      if (files.ca === undefined) break;
      return checkNoHost;
    case 'verify-full':
      return files;
  }
  throw notAccepted(
    'sslmode disable, require, verify-ca (with a file as sslrootcert) or verify-full. require cannot be combined with sslrootcert=system',
  );
}

function readPem(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new StoreConfigError(
      'DATABASE_URL',
      `${parameter} ${JSON.stringify(path)} cannot be read; accepted: a readable PEM file.`,
    );
  }
}

function notAccepted(what: string): StoreConfigError {
  return new StoreConfigError('DATABASE_URL', `its value is not accepted; accepted: ${what}.`);
}

/** A second key of an advisory lock. */
export function randomLockKey(): number {
  return randomInt(1, 2 ** 31 - 1);
}
