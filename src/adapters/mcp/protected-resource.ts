import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/server';
import type { IncomingMessage } from 'node:http';
import { scopes } from '../../access/caller.ts';

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

  /** Whether the metadata is served at a path. */
  isMetadataPath(path: string): boolean {
    return /^\/\.well-known\/oauth-protected-resource(?:\/mcp)?$/.test(path);
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

  /** The parameter of `www-authenticate` that holds the URL of the metadata. */
  challenge(request: IncomingMessage): string {
    return `resource_metadata="${getOAuthProtectedResourceMetadataUrl(this.#resourceUrl(request))}"`;
  }

  #resourceUrl({ headers }: IncomingMessage): URL {
    if (this.#options.publicUrl !== undefined) return this.#options.publicUrl;
    const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
    const url = `${scheme}://${headers.host ?? 'localhost'}/mcp`;
    return new URL(URL.canParse(url) ? url : 'http://localhost/mcp');
  }
}
