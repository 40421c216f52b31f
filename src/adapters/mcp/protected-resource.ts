import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/server';
import type { IncomingMessage } from 'node:http';
import { scopes, type Scope } from '../../access/caller.ts';

export interface ResourceOptions {
  /** The issuers of access tokens. */
  readonly issuers: readonly string[];
  /** The URL by which clients reach `/mcp`. @default the URL of the request, from its headers */
  readonly publicUrl?: URL | undefined;
}

/** Protected resource metadata (RFC 9728): it tells a client without an access token where to get one. */
export class ProtectedResource {
  readonly #options: ResourceOptions;

  constructor(options: ResourceOptions) {
    this.#options = options;
  }

  /**
   * Whether the metadata is served at a path: at those that clients derive from the URLs of this listener, and at the
   * one that they derive from its public URL.
   * @see https://www.rfc-editor.org/rfc/rfc9728#section-3.1
   */
  isMetadataPath(path: string): boolean {
    const { publicUrl } = this.#options;
    return (
      /^\/\.well-known\/oauth-protected-resource(?:\/mcp)?$/.test(path) ||
      (publicUrl !== undefined && path === new URL(getOAuthProtectedResourceMetadataUrl(publicUrl)).pathname)
    );
  }

  /** The metadata document. @see https://www.rfc-editor.org/rfc/rfc9728#section-3.2 */
  metadata(request: IncomingMessage): object {
    return {
      resource: this.#resourceUrl(request).href,
      resource_name: "Lean's payouts",
      authorization_servers: this.#options.issuers,
      scopes_supported: Object.values(scopes),
      bearer_methods_supported: ['header'],
    };
  }

  /**
   * The parameters of `www-authenticate` that tell a client where to get an access token, and with which scope. Without
   * a scope, a client asks its user for all scopes of the metadata.
   * @param scope omitted if the error names the scope itself
   */
  challenge(request: IncomingMessage, scope?: Scope): string {
    const metadata = `resource_metadata="${getOAuthProtectedResourceMetadataUrl(this.#resourceUrl(request))}"`;
    return scope === undefined ? metadata : `${metadata}, scope="${scope}"`;
  }

  #resourceUrl({ headers }: IncomingMessage): URL {
    if (this.#options.publicUrl !== undefined) return this.#options.publicUrl;
    const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
    const url = `${scheme}://${headers.host ?? 'localhost'}/mcp`;
    return new URL(URL.canParse(url) ? url : 'http://localhost/mcp');
  }
}
