import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { usePersistedOperations as useManifest } from '@graphql-yoga/plugin-persisted-operations';
import { getOperationAST, GraphQLError, validate, type GraphQLSchema } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { AuthContext } from '../../access/authenticator.ts';
import { authContextOf } from './authentication.ts';
import { onePaymentRule } from './one-payment-rule.ts';
import { parseDocument, problemsOf } from './operation-limits.ts';
import type { RequestContext } from './request-context.ts';

export interface PersistedOperations {
  /** `only`: nothing else runs, but for the router. `allow`: they may also be named by their hash. */
  readonly mode: 'allow' | 'only';
  /** Documents by their SHA-256, as 64 lower-case hexadecimal digits. */
  readonly documents: ReadonlyMap<string, string>;
}

/** A manifest is not of the promised form: a line for each problem. */
export class ManifestProblem extends Error {
  override readonly name = 'ManifestProblem';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Problems beyond these are not worth reading. */
const mostProblems = 10;

/**
 * Reads the operations of frontends as their code generator writes them: a JSON object, `sha256:` and the hash of a
 * document to the document. Each of them must be one operation that this gateway would run.
 * @throws ManifestProblem
 */
export function readManifest(file: string, schema: GraphQLSchema): ReadonlyMap<string, string> {
  const manifest = parsed(file);
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
    throw new ManifestProblem(['is not a JSON object of documents by their hash']);
  const documents = new Map<string, string>();
  const problems: string[] = [];
  for (const [key, document] of Object.entries(manifest)) {
    const problem = problemWith(key, document, schema);
    if (problem === undefined) documents.set(hashOf(key), document as string);
    else problems.push(`${JSON.stringify(key.slice(0, 80))} ${problem}`);
  }
  if (problems.length > 0) throw new ManifestProblem(problems.slice(0, mostProblems));
  if (documents.size === 0) throw new ManifestProblem(['holds no operation']);
  return documents;
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ManifestProblem(['is not JSON']);
    throw new ManifestProblem(['cannot be read']);
  }
}

function problemWith(key: string, document: unknown, schema: GraphQLSchema): string | undefined {
  if (!/^(?:sha256:)?[0-9a-f]{64}$/.test(key)) return 'is not sha256: and 64 lower-case hexadecimal digits';
  if (typeof document !== 'string') return 'does not lead to a text';
  if (createHash('sha256').update(document).digest('hex') !== hashOf(key))
    return 'is not the hash of its document';
  try {
    const ast = parseDocument(document);
    if (getOperationAST(ast) === null) return 'does not hold one operation';
    const [error] = [
      ...problemsOf(ast, false),
      ...validate(schema, ast),
      ...validate(schema, ast, [onePaymentRule]),
    ];
    return error === undefined ? undefined : `would be refused: ${error.message}`;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const refused = error.extensions['code'] !== undefined;
    return `${refused ? 'would be refused' : 'is no GraphQL'}: ${error.message}`;
  }
}

function hashOf(key: string): string {
  return key.replace(/^sha256:/, '');
}

/** Runs operations that are named by their hash; see `PersistedOperations`. */
export function usePersistedOperations(persisted: PersistedOperations | undefined): Plugin<RequestContext> {
  return {
    onPluginInit({ addPlugin }) {
      if (persisted !== undefined)
        addPlugin(
          useManifest({
            allowArbitraryOperations: true,
            extractPersistedOperationId: params => nameIn(params) ?? null,
            getPersistedOperation: name => persisted.documents.get(hashOf(name.toLowerCase())) ?? null,
            customErrors: { notFound: ({ params }) => notFound(params), keyNotFound: () => nothingToRun() },
          }) as Plugin<RequestContext>,
        );
    },
    onParams({ params, context }) {
      const named = nameIn(params);
      if (persisted === undefined && params.query == null && named !== undefined) throw notFound(params);
      if (persisted?.mode === 'only' && params.query != null && !authContextOf(context).router)
        throw required();
    },
  };
}

/**
 * The document that a request over a socket asks to run, by the same rules.
 * @throws GraphQLError
 */
export function documentFor(
  persisted: PersistedOperations | undefined,
  params: GraphQLParams,
  { router }: AuthContext,
): string {
  if (params.query != null && params.query !== '') {
    if (persisted?.mode === 'only' && !router) throw required();
    return params.query;
  }
  const named = nameIn(params);
  if (named === undefined) throw nothingToRun();
  const document = persisted?.documents.get(hashOf(named.toLowerCase()));
  if (document === undefined) throw notFound(params);
  return document;
}

/** What a request calls its operation, when it names one: as `documentId`, or as Apollo's clients do. */
function nameIn(params: GraphQLParams): string | undefined {
  const { documentId } = params as { readonly documentId?: unknown };
  if (typeof documentId === 'string') return documentId;
  const { sha256Hash } = (params.extensions?.['persistedQuery'] ?? {}) as { readonly sha256Hash?: unknown };
  return typeof sha256Hash === 'string' ? sha256Hash : undefined;
}

function notFound(params: GraphQLParams): GraphQLError {
  // By this very message Apollo's clients know that they may send the document instead.
  const message =
    'documentId' in params ? 'There is no persisted operation of this name.' : 'PersistedQueryNotFound';
  return problem(message, 'PERSISTED_OPERATION_NOT_FOUND');
}

function required(): GraphQLError {
  return problem(
    'Only operations of the manifest are run: send documentId, "sha256:" and the hash of one, in place of query.',
    'PERSISTED_OPERATION_REQUIRED',
  );
}

function nothingToRun(): GraphQLError {
  return problem('The request holds neither query nor documentId.', 'BAD_USER_INPUT');
}

function problem(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400 } } });
}
