/** How the gateway authenticates itself to Lean. */
export type LeanCredentials =
  | { readonly token: string }
  | {
      readonly clientId: string;
      readonly clientSecret: string;
      readonly tokenUrl: URL;
      readonly scope: string;
    };

/**
 * A stable name of the Lean application that the gateway uses: Lean's address and the client's id. Each record of a
 * payout carries it, because the absence of a payout from one application's list says nothing about the list of
 * another. The name contains no part of a secret.
 */
export function leanApplication(connection: {
  readonly baseUrl: URL;
  readonly credentials: LeanCredentials;
}): string {
  const { baseUrl, credentials } = connection;
  const id = 'token' in credentials ? subjectOf(credentials.token) : credentials.clientId;
  const address = `${baseUrl.host}${baseUrl.pathname.replace(/\/+$/, '')}`;
  return id === '' ? address : `${address} ${id}`;
}

/** The `sub` claim of a JWT, which is not verified here; empty if there is none, or the token is not a JWT. */
function subjectOf(token: string): string {
  const [, payload, ...rest] = token.split('.');
  if (payload === undefined || rest.length !== 1) return '';
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('sub' in claims)) return '';
    return typeof claims.sub === 'string' ? claims.sub : '';
  } catch {
    return '';
  }
}
