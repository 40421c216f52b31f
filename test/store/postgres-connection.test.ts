import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { StoreConfigError } from '../../src/store/database.ts';
import { clientConfig, databaseLocation } from '../../src/store/postgres-connection.ts';
import { certify } from '../lean/certificates.ts';
import { freshDatabase } from '../support/postgres.ts';
import { openTestStore } from '../support/stores.ts';

let folder = '';
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'database-'));
  await Promise.all([certify(folder, 'authority'), certify(folder, 'stranger')]);
  await certify(folder, 'server', 'authority');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts a server that connects each client with the PostgreSQL of the tests. */
async function startFront(
  address: string | number,
  accept: (socket: Socket) => Promise<Socket>,
): Promise<Server> {
  const { port } = new URL(inject('postgresUrl'));
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => undefined));
    void accept(socket).then(accepted => {
      const upstream = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      sockets.push(
        upstream,
        accepted.on('error', () => undefined),
      );
      accepted.pipe(upstream).pipe(accepted);
    });
  });
  await once(server.listen(address), 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return server;
}

/** Starts a server that requires TLS, with a certificate of the authority for 127.0.0.1. */
async function startTlsFront(): Promise<number> {
  const [cert, key] = await Promise.all([readFile(inFolder('server.pem')), readFile(inFolder('server.key'))]);
  const server = await startFront(0, async socket => {
    await once(socket, 'readable');
    // The request for TLS has eight bytes.
    socket.read(8);
    socket.write('S');
    return new TLSSocket(socket, { isServer: true, cert, key });
  });
  return (server.address() as AddressInfo).port;
}

const isUp = async (url: string): Promise<boolean> => {
  try {
    return (await openTestStore({ url }).run({ sql: 'SELECT 1 AS one' })).length === 1;
  } catch {
    return false;
  }
};

it('sslmode means what it means for libpq, and causes no warning', async () => {
  const database = await freshDatabase(inject('postgresUrl'));
  const port = await startTlsFront();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const through = (host: string, parameters: string): string => {
    const url = Object.assign(new URL(database), { hostname: host, port: String(port) });
    return `${url.href}?${parameters.replace(/(?<==)\w+\.pem/, inFolder)}`;
  };
  const results = {
    'sslmode=require': true,
    'sslmode=require&sslrootcert=authority.pem': true,
    'sslmode=require&sslrootcert=stranger.pem': false,
    'sslmode=verify-ca&sslrootcert=authority.pem': true,
    'sslmode=verify-ca&sslrootcert=stranger.pem': false,
    'sslmode=verify-full': false,
    'sslmode=verify-full&sslrootcert=authority.pem': true,
    'sslrootcert=authority.pem': true,
    'sslrootcert=system': false,
  };
  for (const [parameters, expected] of Object.entries(results))
    expect(await isUp(through('127.0.0.1', parameters)), parameters).toBe(expected);
  // The certificate is not for this host.
  expect(await isUp(through('localhost', 'sslmode=verify-ca&sslrootcert=authority.pem'))).toBe(true);
  expect(await isUp(through('localhost', 'sslmode=verify-full&sslrootcert=authority.pem'))).toBe(false);
  expect(warnings).toEqual([]);
});

it('a host that is a folder is a Unix socket, which uses no TLS', async () => {
  const database = new URL(await freshDatabase(inject('postgresUrl')));
  await startFront(inFolder('.s.PGSQL.5432'), socket => Promise.resolve(socket));
  const credentials = `${database.username}:${database.password}`;
  const encoded = encodeURIComponent(folder);
  for (const url of [
    `postgres://${credentials}@${database.pathname}?host=${folder}`,
    `postgresql://${credentials}@${database.pathname}?host=${encoded}&sslmode=require`,
    `postgres://${credentials}@${encoded}${database.pathname}`,
    `postgres://${database.pathname}?host=${folder}&user=${database.username}&password=${database.password}`,
  ])
    expect(await isUp(url), url).toBe(true);
});

describe('an address', () => {
  const problemOf = (url: string): string => {
    try {
      clientConfig(url);
      return '';
    } catch (error) {
      if (error instanceof StoreConfigError) return error.message;
      throw error;
    }
  };

  it.each([
    'postgres://u:p@ss-swordfish@db.example/payouts',
    'postgres://u:p@ss/swordfish@db.example/payouts',
    'postgres://u:p@ss#swordfish@db.example/payouts',
    'postgres://u:p@ss?swordfish@db.example/payouts',
    'postgres://u:5/swordfish@db.example/payouts',
    'postgres://u:5?swordfish=@db.example/payouts',
    'postgres://u:5#swordfish',
    'postgres://u:100%swordfish@db.example/payouts',
    'postgres://u:a%2Fb swordfish@db.example/payouts',
    'postgres://u:swordfish@db.example/payouts\n',
    'postgres://u:swordfish@db1.example,db2.example/payouts',
    'postgres://u:swordfish@db.example:port/payouts',
    'mysql://u:swordfish@db.example/payouts',
    'swordfish',
  ])('that may have an unescaped password is refused without a part of it: %s', url => {
    const problem = problemOf(url);
    expect(problem).toMatch(/^its value is not accepted; accepted: postgres:\/\/user:password@host/);
    expect(problem).not.toContain('swordfish');
    expect(() => databaseLocation(url)).toThrow(StoreConfigError);
  });

  it.each([
    ['sslmode=verify-full&ssl=0', /accepted: sslmode for TLS;/],
    ['ssl=true', /accepted: sslmode for TLS;/],
    ['uselibpqcompat=true', /; ssl, sslnegotiation and uselibpqcompat are not accepted\.$/],
    [
      'sslmode=prefer',
      /accepted: sslmode disable, require, verify-ca \(with a file as sslrootcert\) or verify-full\./,
    ],
    ['sslmode=allow', /sslmode/],
    ['sslmode=no-verify', /sslmode/],
    ['sslmode=verify-ca', /verify-ca \(with a file as sslrootcert\)/],
    ['sslmode=require&sslrootcert=system', /sslrootcert=system/],
    [
      'sslrootcert=/nowhere/ca.pem',
      /^sslrootcert "\/nowhere\/ca.pem" cannot be read; accepted: a readable PEM file\.$/,
    ],
    ['sslmode=require&sslkey=/nowhere/key', /^sslkey "\/nowhere\/key" cannot be read/],
  ])('with %s is refused', (parameters, problem) => {
    expect(problemOf(`postgres://u:secret@db.example/payouts?${parameters}`)).toMatch(problem);
  });

  it.each([
    ['postgres://u:p%40ss@db.example/payouts', 'db.example/payouts'],
    ['postgresql://u:p:w@db.example:5433/payouts?application_name=x', 'db.example:5433/payouts'],
    ['postgres://u@[::1]:5433/payouts', '[::1]:5433/payouts'],
    ['postgres://u@/payouts?host=/run/postgresql', '/run/postgresql/payouts'],
    ['postgres://u:secret@%2Frun%2Fpostgresql/payouts', '/run/postgresql/payouts'],
    ['postgres:///payouts', '/payouts'],
  ])('is accepted, and named without credentials: %s', (url, location) => {
    expect(problemOf(url)).toBe('');
    expect(databaseLocation(url)).toBe(location);
  });
});
