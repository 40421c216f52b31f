import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Where the gateway's own certificate is, for a Lean that asks for one (mutual TLS). PEM files. */
export interface ClientCertificateFiles {
  /** The application's certificate, followed by its chain. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Who may have signed Lean's certificate. @default the authorities that Node trusts */
  readonly caFile?: string | undefined;
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

/** A file that cannot be used, and why, in words for whoever set it up. */
export class ClientCertificateError extends Error {
  override readonly name = 'ClientCertificateError';
  readonly file: keyof ClientCertificateFiles;

  constructor(file: keyof ClientCertificateFiles, problem: string) {
    super(problem);
    this.file = file;
  }
}

/**
 * Reads the files and checks that they belong together and can be used now.
 * @throws ClientCertificateError
 */
export function readClientCertificate(
  files: ClientCertificateFiles,
  now: () => number = Date.now,
): ClientCertificate {
  const cert = read('certFile', files.certFile);
  const key = read('keyFile', files.keyFile);
  const ca = files.caFile === undefined ? undefined : read('caFile', files.caFile);
  const certificate = attempt('certFile', 'holds no PEM certificate', () => new X509Certificate(cert));
  const privateKey = attempt('keyFile', 'holds no PEM private key without a passphrase', () =>
    createPrivateKey(key),
  );
  if (ca !== undefined) attempt('caFile', 'holds no PEM certificate', () => new X509Certificate(ca));
  if (!certificate.checkPrivateKey(privateKey))
    throw new ClientCertificateError('keyFile', 'does not belong to the certificate');
  if (Date.parse(certificate.validTo) < now())
    throw new ClientCertificateError('certFile', `holds a certificate that ended on ${certificate.validTo}`);
  if (Date.parse(certificate.validFrom) > now())
    throw new ClientCertificateError(
      'certFile',
      `holds a certificate that begins on ${certificate.validFrom}`,
    );
  attempt('certFile', 'cannot be used for TLS', () => createSecureContext({ cert, key, ca }));
  return { cert, key, ...(ca !== undefined && { ca }) };
}

/** How often the files are looked at: they are replaced a few times a year. */
const lookEveryMs = 10_000;

/**
 * Reads the files again whenever one of them changes. A set that cannot be used, such as half of a replacement, is
 * told of and passed over: the one in use stays.
 */
export function watchClientCertificate(
  files: ClientCertificateFiles,
  {
    onChange,
    onProblem,
    everyMs = lookEveryMs,
  }: {
    readonly onChange: (certificate: ClientCertificate) => void;
    readonly onProblem: (error: ClientCertificateError) => void;
    readonly everyMs?: number;
  },
): { stop(): void } {
  const paths = [files.certFile, files.keyFile, files.caFile].filter(path => path !== undefined);
  const again = (): void => {
    try {
      onChange(readClientCertificate(files));
    } catch (error) {
      if (!(error instanceof ClientCertificateError)) throw error;
      onProblem(error);
    }
  };
  for (const path of paths) watchFile(path, { interval: everyMs, persistent: false }, again);
  return {
    stop() {
      for (const path of paths) unwatchFile(path, again);
    },
  };
}

function read(file: keyof ClientCertificateFiles, path: string): string {
  return attempt(file, 'cannot be read', () => readFileSync(path, 'utf8'));
}

function attempt<Value>(file: keyof ClientCertificateFiles, problem: string, what: () => Value): Value {
  try {
    return what();
  } catch {
    throw new ClientCertificateError(file, problem);
  }
}
