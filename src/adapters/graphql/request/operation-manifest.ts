import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getOperationAST, GraphQLError, specifiedRules, validate, type GraphQLSchema } from 'graphql';
import { limitErrors, parseDocument } from '../documents/operation-limits.ts';
import { validationRules } from '../documents/validation-rules.ts';

/** The manifest file cannot be used. Its message has one line for each problem. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The most problems that one `ManifestError` lists. */
const maxProblems = 10;

/**
 * Reads a manifest of persisted operations, as code generators for frontends write it: a JSON object whose keys are
 * SHA-256 hashes, with or without the prefix `sha256:`, and whose values are the documents. Each document must hold
 * exactly one operation that this gateway would run.
 * @param introspection whether introspection is on
 * @returns the documents by their hash, without the prefix; none for an empty object
 * @throws ManifestError
 */
export function readManifest(
  file: string,
  schema: GraphQLSchema,
  introspection: boolean,
): ReadonlyMap<string, string> {
  const manifest = readJson(file);
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
    throw new ManifestError([`${JSON.stringify(file)} is not a JSON object of documents by their hash`]);
  const documents = new Map<string, string>();
  const problems: string[] = [];
  for (const [key, document] of Object.entries(manifest)) {
    const problem = problemOf(key, document, { schema, introspection });
    if (problem === undefined) documents.set(hashOf(key), document as string);
    else problems.push(`${JSON.stringify(key.slice(0, 80))} ${problem}`);
  }
  if (problems.length > 0) throw new ManifestError(problems.slice(0, maxProblems));
  return documents;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ManifestError([`${JSON.stringify(file)} is not JSON`]);
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new ManifestError([`${JSON.stringify(file)} cannot be read (${code})`]);
  }
}

/** The problem of one entry of the manifest, as a predicate whose subject is the key. */
function problemOf(
  key: string,
  document: unknown,
  { schema, introspection }: { readonly schema: GraphQLSchema; readonly introspection: boolean },
): string | undefined {
  if (!/^(?:sha256:)?[0-9a-f]{64}$/.test(key)) return 'is not sha256: and 64 lower-case hexadecimal digits';
  if (typeof document !== 'string') return 'has a value that is not a string';
  if (hash('sha256', document) !== hashOf(key)) return 'is not the hash of its document';
  try {
    const ast = parseDocument(document);
    if (getOperationAST(ast) === null) return 'has a document that does not hold exactly one operation';
    const [error] = [
      ...limitErrors(ast, introspection),
      ...validate(schema, ast, [...specifiedRules, ...validationRules(introspection)]),
    ];
    return error === undefined ? undefined : `would be refused: ${error.message}`;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    // Only the limits of this gateway have a code; a syntax error has none.
    const isLimit = error.extensions['code'] !== undefined;
    return `${isLimit ? 'would be refused' : 'has a document that is not GraphQL'}: ${error.message}`;
  }
}

/** The hash in an id of a persisted operation, without the prefix `sha256:`. */
export function hashOf(id: string): string {
  return id.replace(/^sha256:/, '');
}
