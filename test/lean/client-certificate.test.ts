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
import { connectLean, type LeanCredentials } from '../../src/lean/connect.ts';
import { LeanOutcomeUnknown, LeanUnreachable } from '../../src/errors/lean-errors.ts';
import type { HttpRequest } from '../../src/lean/upstream-request.ts';
import { sandboxCredentials } from '../../src/sandbox/named.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { certify } from './certificates.ts';
import { failureOf, later, listening, transportTo } from './wiring.ts';

let folder = '';
const inFolder = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(inFolder(name), 'utf8');

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

/** A Lean behind TLS that talks to nobody without a certificate of the authority's. */
async function startDemandingLean() {
  const lean = createSandbox({ payouts: 1 });
  const callers: string[] = [];
  const server = createServer(
    {
      cert: text('server.pem'),
      key: text('server.key'),
      ca: text('authority.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      callers.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
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
  return { lean, url, callers };
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

describe('a Lean that asks for a client certificate', () => {
  it('is called with it', async () => {
    const { url, callers } = await startDemandingLean();
    const transport = transportTo(url, { certificate: readClientCertificate(files('client')) });
    expect((await transport.send(get, { deadline: later() })).status).toBe(200);
    expect(callers).toEqual(['client']);
  });

  it.each([
    ['a ready token', () => ({ token: sandboxCredentials.token })],
    [
      'client credentials, whose token endpoint asks for it too',
      (url: string) => ({
        clientId: sandboxCredentials.clientId,
        clientSecret: sandboxCredentials.clientSecret,
        tokenUrl: new URL('/oauth2/token', url),
        scope: 'api',
      }),
    ],
  ] as readonly (readonly [string, (url: string) => LeanCredentials])[])(
    'is called with it by a client with %s',
    async (_with, credentials) => {
      const { url, callers } = await startDemandingLean();
      const { client, close } = connectLean(
        {
          baseUrl: new URL(url),
          credentials: credentials(url),
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
    ['without one', undefined],
    ["with a stranger's", 'forged'],
  ])('takes no request %s, and no failure says that it refused one', async (_what, name) => {
    const { lean, url } = await startDemandingLean();
    const certificate: ClientCertificate =
      name === undefined
        ? ({ ca: text('authority.pem') } as ClientCertificate) // no certificate of our own at all
        : { ...readClientCertificate(files(name)) };
    const transport = transportTo(url, { certificate });
    for (const request of [get, post]) {
      // By TLS 1.3 a client learns of the refusal after its first bytes: it must not call that "not sent".
      expect(await failureOf(transport.send(request, { deadline: later() }))).toBeInstanceOf(
        LeanOutcomeUnknown,
      );
    }
    expect(lean.requests).toEqual([]);
  });

  it("is not told anything when its own certificate is a stranger's", async () => {
    const { lean, url } = await startDemandingLean();
    const transport = transportTo(url, { certificate: readClientCertificate(files('client', 'stranger')) });
    for (const request of [get, post])
      expect(await failureOf(transport.send(request, { deadline: later() }))).toBeInstanceOf(LeanUnreachable);
    expect(lean.requests).toEqual([]);
  });
});

describe('files that cannot be used', () => {
  // The certificates are made after this is read, and begin when they are made.
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
  ] as const)('are named: %s %s', (file, problem, changed) => {
    const named = Object.fromEntries(Object.entries(changed).map(([key, name]) => [key, inFolder(name)]));
    const reading = (): unknown => readClientCertificate({ ...files('client'), ...named }, () => now);
    expect(reading).toThrow(ClientCertificateError);
    expect(reading).toThrow(expect.objectContaining({ file, message: problem }));
  });

  it('are named when the certificate has ended, to the day', () => {
    const ends = now + 3 * 24 * 3_600_000;
    expect(() => readClientCertificate(files('client'), () => ends)).toThrow(
      expect.objectContaining({ file: 'certFile', message: expect.stringContaining('ended on ') as string }),
    );
    expect(() => readClientCertificate(files('client'), () => now)).not.toThrow();
  });

  it('are named when the certificate has not begun yet', () => {
    expect(() => readClientCertificate(files('client'), () => now - 30 * 24 * 3_600_000)).toThrow(
      expect.objectContaining({ file: 'certFile', message: expect.stringContaining('begins on ') as string }),
    );
  });

  it('are named without a word of what is in them', () => {
    const failure = (): unknown =>
      readClientCertificate({ ...files('client'), keyFile: inFolder('prose.pem') });
    expect(failure).not.toThrow(/bank|attached/);
    expect(failure).toThrow(expect.not.objectContaining({ cause: expect.anything() as unknown }));
  });

  it('are not needed beyond certificate and key: who signs for Lean may stay open', () => {
    const { certFile, keyFile } = files('client');
    expect(readClientCertificate({ certFile, keyFile })).toEqual({
      cert: text('client.pem'),
      key: text('client.key'),
    });
  });
});

describe('replaced files', () => {
  /** Files in use and watched, in a Lean's sight. */
  async function inUse(name: string) {
    const { url, callers } = await startDemandingLean();
    const watched: ClientCertificateFiles = {
      certFile: inFolder(`${name}-in-use.pem`),
      keyFile: inFolder(`${name}-in-use.key`),
      caFile: inFolder('authority.pem'),
    };
    const put = (from: 'client' | 'renewed' | 'prose', part: 'certFile' | 'keyFile'): Promise<void> =>
      copyFile(inFolder(`${from}.${part === 'certFile' ? 'pem' : 'key'}`), watched[part]);
    await put('client', 'certFile');
    await put('client', 'keyFile');
    const transport = transportTo(url, { certificate: readClientCertificate(watched) });
    const changes: ClientCertificate[] = [];
    const problems: ClientCertificateError[] = [];
    const watch = watchClientCertificate(watched, {
      onChange: certificate => {
        transport.present(certificate);
        changes.push(certificate);
      },
      onProblem: error => problems.push(error),
      everyMs: 10,
    });
    onTestFinished(() => {
      watch.stop();
    });
    return {
      changes,
      problems,
      callers,
      put,
      call: () => transport.send(get, { deadline: later() }),
      /** Puts files again and again until the watcher has seen it: it may not have looked before the first time. */
      until: (seen: () => boolean, putting: () => Promise<void>): Promise<unknown> =>
        vi.waitUntil(
          async () => {
            if (seen()) return true;
            await putting();
            return false;
          },
          { timeout: 20_000, interval: 50 },
        ),
    };
  }

  it('are shown from then on, without a restart, and nothing under way is lost', async () => {
    const { changes, callers, put, call, until } = await inUse('whole');
    await call();
    const underWay = Array.from({ length: 20 }, call);
    await until(
      () => changes.some(({ cert }) => cert === text('renewed.pem')),
      async () => {
        await put('renewed', 'keyFile');
        await put('renewed', 'certFile');
      },
    );
    for (const { status } of await Promise.all(underWay)) expect(status).toBe(200);
    const before = callers.length;
    await Promise.all(Array.from({ length: 5 }, call));
    expect(callers[0]).toBe('client');
    expect(new Set(callers.slice(before))).toEqual(new Set(['renewed']));
  });

  it('are passed over while they are only half there: the former ones stay, and it is told', async () => {
    const { changes, problems, callers, put, call, until } = await inUse('half');
    await until(
      // The file itself, too, may be seen half written.
      () => problems.some(({ file }) => file === 'keyFile'),
      () => put('renewed', 'certFile'),
    );
    expect(problems.at(-1)).toMatchObject({
      file: 'keyFile',
      message: 'does not belong to the certificate',
    });
    await call();
    expect(callers).toEqual(['client']);
    expect(changes.filter(({ cert }) => cert === text('renewed.pem'))).toEqual([]);
    await until(
      () => changes.length > 0,
      () => put('renewed', 'keyFile'),
    );
    await call();
    expect(callers.at(-1)).toBe('renewed');
  });
});
