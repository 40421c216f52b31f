import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import type { DocumentNode } from 'graphql';

/**
 * Sends the hash of a document instead of its text. A gateway without persisted operations answers that it has none.
 * Then the text is sent, from then on for all documents. The hash comes from the code generator, because the hash of the
 * text as the browser prints it might differ.
 */
export function createPersistedDocumentLink(): PersistedQueryLink {
  return new PersistedQueryLink({ generateHash: hashOf });
}

function hashOf(document: DocumentNode & { readonly __meta__?: { readonly hash?: string } }): string {
  const hash = document.__meta__?.hash;
  if (hash === undefined) throw new Error('The document has no hash. Define it with graphql() of src/gql.');
  return hash.replace(/^sha256:/, '');
}
