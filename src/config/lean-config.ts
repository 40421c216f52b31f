import type { EnvironmentReader } from './environment-reader.ts';
import {
  ClientCertificateError,
  readClientCertificate,
  type ClientCertificateFiles,
} from '../lean/client-certificate.ts';
import type { LeanCredentials } from '../lean/application.ts';
import { isLoopback } from './loopback.ts';
import { defaultDelayMs, type ResendSetting } from '../payouts/creation/resend-rule.ts';

/**
 * The shortest time between the deadline of a send and a resend, in ms. The operating system may go on sending bytes
 * from its buffers after the gateway has cancelled the request or ended.
 */
const minMarginMs = 120_000;

/** Reads `PAYOUT_RESEND_AFTER_MS`. docs/payments.md explains which setting to choose. */
export function readResendAfter(
  reader: EnvironmentReader,
  { baseUrl, timeoutMs }: { readonly baseUrl: URL; readonly timeoutMs: number },
): ResendSetting {
  const name = 'PAYOUT_RESEND_AFTER_MS';
  const value = reader.raw(name) ?? '';
  if (value === 'never') return value;
  if (value === '0') return 0;
  const isLocal = isLoopback(baseUrl.hostname);
  const min = isLocal ? 1 : timeoutMs + minMarginMs;
  const max = 7 * 86_400_000;
  if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  return (
    reader.reject(
      name,
      `a whole number of ms from ${String(min)}${isLocal ? '' : ` (LEAN_TIMEOUT_MS plus ${String(minMarginMs)})`} to ${String(max)}, 0 to rely on Lean's idempotency keys, or never`,
    ) ?? defaultDelayMs
  );
}

const certificateVariables = {
  certFile: 'LEAN_MTLS_CERT_FILE',
  keyFile: 'LEAN_MTLS_KEY_FILE',
  caFile: 'LEAN_MTLS_CA_FILE',
} as const;

/** Reads the files of the client certificate and of the authority; undefined if none is set. */
export function readCertificate(reader: EnvironmentReader): ClientCertificateFiles | undefined {
  const certFile = reader.raw(certificateVariables.certFile);
  const keyFile = reader.raw(certificateVariables.keyFile);
  const caFile = reader.raw(certificateVariables.caFile);
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
  if ((certFile === undefined) !== (keyFile === undefined))
    reader.reject(
      certFile === undefined ? certificateVariables.certFile : certificateVariables.keyFile,
      'a PEM file; LEAN_MTLS_CERT_FILE and LEAN_MTLS_KEY_FILE go together',
    );
  const files = { certFile, keyFile, caFile };
  try {
    readClientCertificate(files);
  } catch (error) {
    if (!(error instanceof ClientCertificateError)) throw error;
    reader.problems.push(
      `${certificateVariables[error.file]}: ${JSON.stringify(files[error.file])} ${error.message}; accepted: a readable PEM file.`,
    );
  }
  return files;
}

/** Reads the credentials for Lean: a bearer token, or the client credentials to request one. */
export function readCredentials(reader: EnvironmentReader): LeanCredentials {
  const token = reader.secret('LEAN_API_TOKEN');
  const clientId = reader.secret('LEAN_CLIENT_ID');
  const clientSecret = reader.secret('LEAN_CLIENT_SECRET');
  const tokenUrl = reader.url('LEAN_TOKEN_URL');
  if (token !== undefined && (clientId !== undefined || clientSecret !== undefined))
    reader.problems.push(
      'LEAN_API_TOKEN: is set together with LEAN_CLIENT_ID or LEAN_CLIENT_SECRET; accepted: either LEAN_API_TOKEN or the client credentials, not both.',
    );
  if (token !== undefined) return { token };
  // A wrong value has been reported already, so only missing values are reported here.
  const isSet = (name: string): boolean => reader.raw(name) !== undefined;
  if (!isSet('LEAN_API_TOKEN') && !isSet('LEAN_CLIENT_ID') && !isSet('LEAN_CLIENT_SECRET'))
    reader.problems.push(
      'LEAN_API_TOKEN: is not set; accepted: a bearer token for Lean, or LEAN_CLIENT_ID and LEAN_CLIENT_SECRET instead.',
    );
  else if (!isSet('LEAN_CLIENT_ID') && isSet('LEAN_CLIENT_SECRET'))
    reader.reject('LEAN_CLIENT_ID', 'the id that belongs to LEAN_CLIENT_SECRET');
  else if (!isSet('LEAN_CLIENT_SECRET') && isSet('LEAN_CLIENT_ID'))
    reader.reject('LEAN_CLIENT_SECRET', 'the secret that belongs to LEAN_CLIENT_ID');
  return {
    clientId: clientId ?? '',
    clientSecret: clientSecret ?? '',
    tokenUrl,
    scope: reader.raw('LEAN_SCOPE') ?? '',
  };
}
