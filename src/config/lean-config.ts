import type { EnvironmentReader } from './environment-reader.ts';
import {
  ClientCertificateError,
  readClientCertificate,
  type ClientCertificateFiles,
} from '../lean/client-certificate.ts';
import type { LeanCredentials } from '../lean/connect.ts';
import { isLoopback } from './loopback.ts';
import { defaultDelayMs, type ResendSetting } from '../payouts/creation/resend-rule.ts';

/**
 * For so long after a request was given up its bytes may still be on their way: the system goes on sending what an
 * ended process has left in its buffers.
 */
const leastAfterDeadlineMs = 120_000;

/** Reads `PAYOUT_RESEND_AFTER_MS`; see docs/payments.md for which setting fits which Lean. */
export function resendAfterFrom(
  reader: EnvironmentReader,
  { baseUrl, timeoutMs }: { readonly baseUrl: URL; readonly timeoutMs: number },
): ResendSetting {
  const name = 'PAYOUT_RESEND_AFTER_MS';
  const value = reader.raw(name) ?? '';
  if (value === 'never') return value;
  if (value === '0') return 0;
  const local = isLoopback(baseUrl.hostname);
  const least = local ? 1 : timeoutMs + leastAfterDeadlineMs;
  const most = 7 * 86_400_000;
  if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  return (
    reader.wrong(
      name,
      `a whole number of ms from ${String(least)}${local ? '' : ` (LEAN_TIMEOUT_MS and ${String(leastAfterDeadlineMs)} more)`} to ${String(most)}, 0 to rely on Lean's own memory of keys, or never`,
    ) ?? defaultDelayMs
  );
}

const certificateVariables = {
  certFile: 'LEAN_MTLS_CERT_FILE',
  keyFile: 'LEAN_MTLS_KEY_FILE',
  caFile: 'LEAN_MTLS_CA_FILE',
} as const;

/** Reads the files of the client certificate; undefined where none is set. */
export function certificateFrom(reader: EnvironmentReader): ClientCertificateFiles | undefined {
  const certFile = reader.raw(certificateVariables.certFile);
  const keyFile = reader.raw(certificateVariables.keyFile);
  const caFile = reader.raw(certificateVariables.caFile);
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    return reader.wrong(
      certFile === undefined ? certificateVariables.certFile : certificateVariables.keyFile,
      'a PEM file; LEAN_MTLS_CERT_FILE and LEAN_MTLS_KEY_FILE go together',
    );
  const files = { certFile, keyFile, caFile };
  try {
    readClientCertificate(files);
  } catch (error) {
    if (!(error instanceof ClientCertificateError)) throw error;
    reader.problems.push(
      `${certificateVariables[error.file]}: ${error.message}; accepted: a readable PEM file.`,
    );
  }
  return files;
}

/** Reads how the gateway authenticates itself to Lean: a token, or the credentials for one. */
export function credentialsFrom(reader: EnvironmentReader): LeanCredentials {
  const token = reader.secret('LEAN_API_TOKEN');
  const clientId = reader.secret('LEAN_CLIENT_ID');
  const clientSecret = reader.secret('LEAN_CLIENT_SECRET');
  const tokenUrl = reader.url('LEAN_TOKEN_URL');
  if (token !== undefined && (clientId !== undefined || clientSecret !== undefined))
    reader.problems.push(
      'LEAN_API_TOKEN: is set together with LEAN_CLIENT_ID or LEAN_CLIENT_SECRET; accepted: one way or the other.',
    );
  if (token !== undefined) return { token };
  // A value that was given and is wrong has its line already.
  const given = (name: string): boolean => reader.raw(name) !== undefined;
  if (!given('LEAN_API_TOKEN') && !given('LEAN_CLIENT_ID') && !given('LEAN_CLIENT_SECRET'))
    reader.problems.push(
      'LEAN_API_TOKEN: is not set; accepted: a bearer token for Lean, or LEAN_CLIENT_ID and LEAN_CLIENT_SECRET instead.',
    );
  else if (!given('LEAN_CLIENT_ID') && given('LEAN_CLIENT_SECRET'))
    reader.wrong('LEAN_CLIENT_ID', 'the id that belongs to LEAN_CLIENT_SECRET');
  else if (!given('LEAN_CLIENT_SECRET') && given('LEAN_CLIENT_ID'))
    reader.wrong('LEAN_CLIENT_SECRET', 'the secret that belongs to LEAN_CLIENT_ID');
  return {
    clientId: clientId ?? '',
    clientSecret: clientSecret ?? '',
    tokenUrl,
    scope: reader.raw('LEAN_SCOPE') ?? '',
  };
}
