import { ManifestError, readManifest } from '../adapters/graphql/request/operation-manifest.ts';
import type { PersistedOperations } from '../adapters/graphql/request/persisted-operations.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors/config-error.ts';
import { schema } from '../schema/index.ts';

/**
 * Loads the persisted operations from the configured file; undefined if none are configured. The file may hold no
 * operations only if nobody but the router may query: with the mode `only` and a router secret.
 * @throws ConfigError when the file cannot be used
 */
export function loadPersistedOperations({
  persistedOperations,
  introspection,
  routerSecrets,
}: Config): PersistedOperations | undefined {
  if (persistedOperations === undefined) return undefined;
  const { mode, file } = persistedOperations;
  const documents = readDocuments(file, introspection);
  if (documents.size > 0 || (mode === 'only' && routerSecrets.length > 0)) return { mode, documents };
  const withSecret =
    mode === 'only' ? ', or an empty one if ROUTER_SECRET is set, so that only the router may query' : '';
  throw new ConfigError([problemLine(`${JSON.stringify(file)} contains no operations`, withSecret)]);
}

function readDocuments(file: string, introspection: boolean): PersistedOperations['documents'] {
  try {
    return readManifest(file, schema, introspection);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ConfigError(error.problems.map(problem => problemLine(problem)));
  }
}

function problemLine(problem: string, alsoAccepted = ''): string {
  return `PERSISTED_OPERATIONS_FILE: ${problem}; accepted: a JSON object of documents by their sha256: hash${alsoAccepted}.`;
}
