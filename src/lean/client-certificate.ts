import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';

/**
 * Paths of the PEM files for TLS to Lean: the gateway's own certificate with its key, for a Lean that requires one
 * (mutual TLS), and the authorities. The certificate and the key are set together.
 */
export interface ClientCertificateFiles {
  /** The application's certificate, followed by its chain. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The authorities that may have signed Lean's certificate. @default the authorities that Node trusts */
  readonly caFile?: string | undefined;
}

export interface ClientCertificate {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

/** A file cannot be used. The message completes a sentence whose subject is the file, for the operator. */
export class ClientCertificateError extends Error {
  override readonly name = 'ClientCertificateError';
  readonly file: keyof ClientCertificateFiles;

  constructor(file: keyof ClientCertificateFiles, problem: string) {
    super(problem);
    this.file = file;
  }
}

/**
 * Reads the files that are set, and checks that the key belongs to the certificate and that the certificate is valid
 * now.
 * @throws ClientCertificateError
 */
export function readClientCertificate(
  files: ClientCertificateFiles,
  now: () => number = Date.now,
): ClientCertificate {
  const { certFile, keyFile, caFile } = files;
  const ca = caFile === undefined ? {} : { ca: readAuthority(caFile) };
  if (certFile === undefined || keyFile === undefined) return ca;
  const cert = read('certFile', certFile);
  const key = read('keyFile', keyFile);
  checkCertificate(cert, key, now());
  attempt('certFile', 'cannot be used for TLS', () => createSecureContext({ cert, key, ...ca }));
  return { cert, key, ...ca };
}

function readAuthority(path: string): string {
  const ca = read('caFile', path);
  attempt('caFile', 'holds no PEM certificate', () => new X509Certificate(ca));
  return ca;
}

/** @throws ClientCertificateError unless the certificate is valid now and has this key */
function checkCertificate(cert: string, key: string, now: number): void {
  const certificate = attempt('certFile', 'holds no PEM certificate', () => new X509Certificate(cert));
  const privateKey = attempt('keyFile', 'holds no PEM private key without a passphrase', () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw new ClientCertificateError('keyFile', 'does not belong to the certificate');
  if (Date.parse(certificate.validTo) < now)
    throw new ClientCertificateError(
      'certFile',
      `holds a certificate that expired on ${certificate.validTo}`,
    );
  if (Date.parse(certificate.validFrom) > now)
    throw new ClientCertificateError(
      'certFile',
      `holds a certificate that is not valid before ${certificate.validFrom}`,
    );
}

/** How often the files are checked for changes. Operators replace them a few times a year. */
const pollIntervalMs = 10_000;

/**
 * Reads the files again whenever one of them changes. If they cannot be used, for example because only one of them has
 * been replaced yet, it calls `onProblem`, and the certificate in use stays.
 */
export function watchClientCertificate(
  files: ClientCertificateFiles,
  {
    onChange,
    onProblem,
    intervalMs = pollIntervalMs,
  }: {
    readonly onChange: (certificate: ClientCertificate) => void;
    readonly onProblem: (error: ClientCertificateError) => void;
    readonly intervalMs?: number;
  },
): { stop(): void } {
  const paths = [files.certFile, files.keyFile, files.caFile].filter(path => path !== undefined);
  const reload = (): void => {
    try {
      onChange(readClientCertificate(files));
    } catch (error) {
      if (!(error instanceof ClientCertificateError)) throw error;
      onProblem(error);
    }
  };
  for (const path of paths) watchFile(path, { interval: intervalMs, persistent: false }, reload);
  return {
    stop() {
      for (const path of paths) unwatchFile(path, reload);
    },
  };
}

function read(file: keyof ClientCertificateFiles, path: string): string {
  return attempt(file, 'cannot be read', () => readFileSync(path, 'utf8'));
}

function attempt<Value>(file: keyof ClientCertificateFiles, problem: string, action: () => Value): Value {
  try {
    return action();
  } catch {
    throw new ClientCertificateError(file, problem);
  }
}
