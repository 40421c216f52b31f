import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ClientCertificateError,
  readClientCertificate,
  watchClientCertificate,
  type ClientCertificate,
  type ClientCertificateFiles,
} from '../../src/lean/client-certificate.ts';
import type { LeanCredentials } from '../../src/lean/application.ts';
import { connectLean } from '../../src/lean/connect.ts';
import { LeanOutcomeUnknown, LeanUnreachable } from '../../src/errors/lean-errors.ts';
import type { HttpRequest } from '../../src/lean/upstream-request.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { certify } from './certificates.ts';
import { failureOf, farDeadline, transportTo } from './fixtures.ts';
import { listening } from '../support/started-server.ts';

let folder = '';
const inFolder = (name: string): string => join(folder, name);
const readText = (name: string): string => readFileSync(inFolder(name), 'utf8');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lean-certificates-'));
  await Promise.all([certify(folder, 'authority'), certify(folder, 'stranger')]);
  await Promise.all([
    certify(folder, 'server', 'authority'),
    certify(folder, 'client', 'authority'),
    certify(folder, 'renewed', 'authority'),
    certify(folder, 'forged', 'stranger'),
  ]);
  await writeFile(inFolder('prose.pem'), 'Dear bank, please find our certificate attached.\n');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const files = (name: string, ca = 'authority'): ClientCertificateFiles => ({
  certFile: inFolder(`${name}.pem`),
  keyFile: inFolder(`${name}.key`),
  caFile: inFolder(`${ca}.pem`),
});

/** Starts a sandbox of Lean behind TLS that requires a client certificate which the authority has signed. */
async function startMutualTlsLean() {
  const lean = createSandbox({ payouts: 1 });
  const callers: string[] = [];
  /** For each request, whether its connection has resumed an earlier TLS session. */
  const resumed: boolean[] = [];
  const server = createServer(
    {
      cert: readText('server.pem'),
      key: readText('server.key'),
      ca: readText('authority.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      callers.push(String(socket.getPeerCertificate().subject.CN));
      resumed.push(socket.isSessionReused());
      lean.listener(request, response);
    },
  );
  const url = (await listening(server)).replace('http:', 'https:');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { lean, url, callers, resumed };
}

const get: HttpRequest = {
  method: 'GET',
  target: '/payouts/v1/payments?page_size=1',
  headers: { authorization: `Bearer ${sandboxCredentials.token}` },
};
const post: HttpRequest = {
  method: 'POST',
  target: '/payouts/v1/payment',
  headers: { ...get.headers, 'content-type': 'application/json' },
  body: '{}',
};

describe('a Lean that requires a client certificate', () => {
  it('is called with the certificate', async () => {
    const { url, callers } = await startMutualTlsLean();
    const transport = transportTo(url, { certificate: readClientCertificate(files('client')) });
    expect((await transport.send(get, { deadline: farDeadline() })).status).toBe(200);
    expect(callers).toEqual(['client']);
  });

  it('is sent each write over a connection of its own, which resumes the TLS session of an earlier one', async () => {
    const { url, callers, resumed } = await startMutualTlsLean();
    const transport = transportTo(url, { certificate: readClientCertificate(files('client')) });
    for (const request of [get, post, post]) await transport.send(request, { deadline: farDeadline() });
    expect(callers).toEqual(['client', 'client', 'client']);
    expect(resumed).toEqual([false, true, true]);
  });

  it.each([
    ['a static token', () => ({ token: sandboxCredentials.token })],
    [
      'client credentials, whose token endpoint requires it too',
      (url: string) => ({
        clientId: sandboxCredentials.clientId,
        clientSecret: sandboxCredentials.clientSecret,
        tokenUrl: new URL('/oauth2/token', url),
        scope: 'api',
      }),
    ],
  ] as readonly (readonly [string, (url: string) => LeanCredentials])[])(
    'is called with the certificate by a client with %s',
    async (_credentials, credentialsFor) => {
      const { url, callers } = await startMutualTlsLean();
      const { client, close } = connectLean(
        {
          baseUrl: new URL(url),
          credentials: credentialsFor(url),
          certificate: files('client'),
          timeoutMs: 20_000,
          maxConcurrency: 4,
        },
        {
          onCall: () => undefined,
          onCertificateReplaced: () => undefined,
          onCertificateProblem: () => undefined,
        },
      );
      onTestFinished(close);
      const { page } = await client.listPayouts({ page_number: '0', page_size: '1' });
      expect(page.content).toHaveLength(1);
      expect(new Set(callers)).toEqual(new Set(['client']));
    },
  );

  it.each([
    ['without a certificate', undefined],
    ['with a certificate of another authority', 'forged'],
  ])('receives no request %s, and the outcome counts as unknown', async (_certificate, name) => {
    const { lean, url } = await startMutualTlsLean();
    const certificate: ClientCertificate =
      name === undefined ? { ca: readText('authority.pem') } : { ...readClientCertificate(files(name)) };
    const transport = transportTo(url, { certificate });
    for (const request of [get, post]) {
      // In TLS 1.3 a client learns of the refusal after it has sent its first bytes, so they count as sent.
      expect(await failureOf(transport.send(request, { deadline: farDeadline() }))).toBeInstanceOf(
        LeanOutcomeUnknown,
      );
    }
    expect(lean.requests).toEqual([]);
  });

  it('is sent nothing when another authority has signed its own certificate', async () => {
    const { lean, url } = await startMutualTlsLean();
    const transport = transportTo(url, { certificate: readClientCertificate(files('client', 'stranger')) });
    for (const request of [get, post])
      expect(await failureOf(transport.send(request, { deadline: farDeadline() }))).toBeInstanceOf(
        LeanUnreachable,
      );
    expect(lean.requests).toEqual([]);
  });
});

it('a Lean whose certificate is of a private authority is called with the file of the authority alone', async () => {
  const lean = createSandbox({ payouts: 1 });
  const server = createServer({ cert: readText('server.pem'), key: readText('server.key') }, lean.listener);
  const url = (await listening(server)).replace('http:', 'https:');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const send = async (certificate?: ClientCertificate): Promise<unknown> =>
    transportTo(url, { certificate }).send(get, { deadline: farDeadline() });
  expect(await failureOf(send())).toBeInstanceOf(LeanUnreachable);
  const authority = readClientCertificate({ caFile: inFolder('authority.pem') });
  expect(await send(authority)).toMatchObject({ status: 200 });
});

describe('unusable certificate files', () => {
  // The certificates are made after this line runs, and are valid from then on.
  const now = Date.now() + 60_000;

  it.each([
    ['certFile', 'cannot be read', { certFile: 'nowhere.pem' }],
    ['keyFile', 'cannot be read', { keyFile: 'nowhere.key' }],
    ['caFile', 'cannot be read', { caFile: 'nowhere.pem' }],
    ['certFile', 'holds no PEM certificate', { certFile: 'prose.pem' }],
    ['certFile', 'holds no PEM certificate', { certFile: 'client.key' }],
    ['keyFile', 'holds no PEM private key without a passphrase', { keyFile: 'prose.pem' }],
    ['keyFile', 'holds no PEM private key without a passphrase', { keyFile: 'client.pem' }],
    ['keyFile', 'does not belong to the certificate', { keyFile: 'renewed.key' }],
    ['caFile', 'holds no PEM certificate', { caFile: 'prose.pem' }],
  ] as const)('are reported: %s %s', (file, problem, changed) => {
    const changedFiles = Object.fromEntries(
      Object.entries(changed).map(([key, name]) => [key, inFolder(name)]),
    );
    const readFiles = (): unknown =>
      readClientCertificate({ ...files('client'), ...changedFiles }, () => now);
    expect(readFiles).toThrow(ClientCertificateError);
    expect(readFiles).toThrow(expect.objectContaining({ file, message: problem }));
  });

  it('are reported when the certificate has expired', () => {
    const afterExpiry = now + 3 * 24 * 3_600_000;
    expect(() => readClientCertificate(files('client'), () => afterExpiry)).toThrow(
      expect.objectContaining({
        file: 'certFile',
        message: expect.stringContaining('expired on ') as string,
      }),
    );
    expect(() => readClientCertificate(files('client'), () => now)).not.toThrow();
  });

  it('are reported when the certificate is not valid yet', () => {
    expect(() => readClientCertificate(files('client'), () => now - 30 * 24 * 3_600_000)).toThrow(
      expect.objectContaining({
        file: 'certFile',
        message: expect.stringContaining('is not valid before ') as string,
      }),
    );
  });

  it('are reported without any of their content', () => {
    const readFiles = (): unknown =>
      readClientCertificate({ ...files('client'), keyFile: inFolder('prose.pem') });
    expect(readFiles).not.toThrow(/bank|attached/);
    expect(readFiles).toThrow(expect.not.objectContaining({ cause: expect.anything() as unknown }));
  });

  it('do not include a missing authority file, because it is optional', () => {
    const { certFile, keyFile } = files('client');
    expect(readClientCertificate({ certFile, keyFile })).toEqual({
      cert: readText('client.pem'),
      key: readText('client.key'),
    });
  });
});

describe('replaced certificate files', () => {
  /** Starts a Lean and a transport whose certificate files are watched. */
  async function startWatched(name: string) {
    const { url, callers } = await startMutualTlsLean();
    const watched = {
      certFile: inFolder(`${name}-in-use.pem`),
      keyFile: inFolder(`${name}-in-use.key`),
      caFile: inFolder('authority.pem'),
    };
    const replace = (from: 'client' | 'renewed' | 'prose', part: 'certFile' | 'keyFile'): Promise<void> =>
      copyFile(inFolder(`${from}.${part === 'certFile' ? 'pem' : 'key'}`), watched[part]);
    await replace('client', 'certFile');
    await replace('client', 'keyFile');
    const transport = transportTo(url, { certificate: readClientCertificate(watched) });
    const changes: ClientCertificate[] = [];
    const problems: ClientCertificateError[] = [];
    const watch = watchClientCertificate(watched, {
      onChange: certificate => {
        transport.replaceCertificate(certificate);
        changes.push(certificate);
      },
      onProblem: error => problems.push(error),
      intervalMs: 10,
    });
    onTestFinished(() => {
      watch.stop();
    });
    return {
      changes,
      problems,
      callers,
      replace,
      request: () => transport.send(get, { deadline: farDeadline() }),
      /** Replaces files repeatedly until the watcher has noticed, because its first look may come after the first change. */
      replaceUntil: (noticed: () => boolean, replaceFiles: () => Promise<void>): Promise<unknown> =>
        vi.waitUntil(
          async () => {
            if (noticed()) return true;
            await replaceFiles();
            return false;
          },
          { timeout: 20_000, interval: 50 },
        ),
    };
  }

  it('are used from then on without a restart, and no request in flight fails', async () => {
    const { changes, callers, replace, request, replaceUntil } = await startWatched('whole');
    await request();
    const inFlight = Array.from({ length: 20 }, request);
    await replaceUntil(
      () => changes.some(({ cert }) => cert === readText('renewed.pem')),
      async () => {
        await replace('renewed', 'keyFile');
        await replace('renewed', 'certFile');
      },
    );
    for (const { status } of await Promise.all(inFlight)) expect(status).toBe(200);
    const before = callers.length;
    await Promise.all(Array.from({ length: 5 }, request));
    expect(callers[0]).toBe('client');
    expect(new Set(callers.slice(before))).toEqual(new Set(['renewed']));
  });

  it('are reported and not used while only one of them has been replaced', async () => {
    const { changes, problems, callers, replace, request, replaceUntil } = await startWatched('half');
    await replaceUntil(
      // The watcher may also report the certificate file, if it reads a file that is not written completely.
      () => problems.some(({ file }) => file === 'keyFile'),
      () => replace('renewed', 'certFile'),
    );
    expect(problems.at(-1)).toMatchObject({
      file: 'keyFile',
      message: 'does not belong to the certificate',
    });
    await request();
    expect(callers).toEqual(['client']);
    expect(changes.filter(({ cert }) => cert === readText('renewed.pem'))).toEqual([]);
    await replaceUntil(
      () => changes.length > 0,
      () => replace('renewed', 'keyFile'),
    );
    await request();
    expect(callers.at(-1)).toBe('renewed');
  });
});
