import {
  ManifestProblem,
  readManifest,
  type PersistedOperations,
} from '../adapters/graphql/persisted-operations.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors/config-error.ts';
import { schema } from '../schema/index.ts';

/**
 * The operations that may be named by their hash, as the configured file lists them; undefined where there are none.
 * @throws ConfigError when the file cannot be used
 */
export function persistedFrom({ persistedOperations }: Config): PersistedOperations | undefined {
  if (persistedOperations === undefined) return undefined;
  const { mode, file } = persistedOperations;
  try {
    return { mode, documents: readManifest(file, schema) };
  } catch (error) {
    if (!(error instanceof ManifestProblem)) throw error;
    throw new ConfigError(
      error.problems.map(
        problem =>
          `PERSISTED_OPERATIONS_FILE: ${problem}; accepted: a JSON object of documents by their sha256: hash.`,
      ),
    );
  }
}
