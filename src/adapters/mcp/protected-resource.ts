import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/server';
import type { IncomingMessage } from 'node:http';
import { scopes } from '../../access/caller.ts';

export interface ResourceOptions {
  /** Who issues access tokens. */
  readonly issuer: string;
  /** Address by which clients reach `/mcp`. @default what they have called it by */
  readonly publicUrl?: URL | undefined;
}

/** What tells a client that has no access token where to get one. */
export class ProtectedResource {
  readonly #options: ResourceOptions;

  constructor(options: ResourceOptions) {
    this.#options = options;
  }

  /** Whether a path is the metadata's. */
  isMetadata(path: string): boolean {
    return /^\/\.well-known\/oauth-protected-resource(?:\/mcp)?$/.test(path);
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9728#section-3.2 */
  metadata(request: IncomingMessage): object {
    return {
      resource: this.#address(request).href,
      resource_name: "Lean's payouts",
      authorization_servers: [this.#options.issuer],
      scopes_supported: Object.values(scopes),
      bearer_methods_supported: ['header'],
    };
  }

  /** For `www-authenticate`: where the metadata is. */
  challenge(request: IncomingMessage): string {
    return `resource_metadata="${getOAuthProtectedResourceMetadataUrl(this.#address(request))}"`;
  }

  #address({ headers }: IncomingMessage): URL {
    if (this.#options.publicUrl !== undefined) return this.#options.publicUrl;
    const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
    const address = `${scheme}://${headers.host ?? 'localhost'}/mcp`;
    return new URL(URL.canParse(address) ? address : 'http://localhost/mcp');
  }
}
