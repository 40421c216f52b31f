import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Writes `name.pem` and `name.key` to a folder: the certificate of an authority, or a certificate for 127.0.0.1 that
 * `issuer` has signed.
 */
export async function certify(folder: string, name: string, issuer?: string): Promise<void> {
  const inFolder = (file: string): string => join(folder, file);
  const output = [
    '-keyout',
    inFolder(`${name}.key`),
    '-out',
    inFolder(`${name}.pem`),
    '-subj',
    `/CN=${name}`,
  ];
  const signing = [
    ...['-CA', inFolder(`${issuer ?? ''}.pem`), '-CAkey', inFolder(`${issuer ?? ''}.key`)],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=CA:FALSE'],
  ];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', [
    ...['req', '-x509', '-days', '2', ...key, ...output],
    ...(issuer === undefined ? [] : signing),
  ]);
}
