import { ManifestError, readManifest } from '../adapters/graphql/operation-manifest.ts';
import type { PersistedOperations } from '../adapters/graphql/persisted-operations.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors/config-error.ts';
import { schema } from '../schema/index.ts';

/**
 * Loads the persisted operations from the configured file; undefined if none are configured.
 * @throws ConfigError when the file cannot be used
 */
export function loadPersistedOperations({
  persistedOperations,
  introspection,
}: Config): PersistedOperations | undefined {
  if (persistedOperations === undefined) return undefined;
  const { mode, file } = persistedOperations;
  try {
    return { mode, documents: readManifest(file, schema, introspection) };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ConfigError(
      error.problems.map(
        problem =>
          `PERSISTED_OPERATIONS_FILE: ${problem}; accepted: a JSON object of documents by their sha256: hash.`,
      ),
    );
  }
}
