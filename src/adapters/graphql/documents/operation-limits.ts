import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  OverlappingFieldsCanBeMergedRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type ParseOptions,
  type Source,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { maxErrors } from '../results/coded-errors.ts';
import { largestSizes, type DocumentSize } from './document-sizes.ts';
import type { RequestContext } from '../request-context.ts';

/**
 * The longest document, in lines, that is parsed with locations. The time to find the line of an error grows with the
 * number of lines, so errors in longer documents have no location.
 */
const maxLocatedLines = 2000;

/**
 * The numbers that are limited. Selections are not, because graphql-js executes a fragment once for each object,
 * however often it is spread.
 */
type LimitedNumber = Exclude<keyof DocumentSize, 'selections'>;

/** The names of the limited numbers in error messages. */
const names: Readonly<Record<LimitedNumber, string>> = {
  depth: 'Query depth',
  aliases: 'Aliases',
  repeated: 'Repeated fields',
  rootFields: 'Root fields',
  directives: 'Directives',
};

/** The limits of a document. */
export interface DocumentLimits extends Readonly<Record<LimitedNumber, number>> {
  readonly tokens: number;
}

/** The limits for all callers but the router. */
const callerLimits: DocumentLimits = {
  tokens: 1000,
  depth: 10,
  aliases: 15,
  repeated: 15,
  rootFields: 5,
  directives: 5,
};

/**
 * The limits for the router. It merges what it needs for one request, such as the entities of several lists, into one
 * operation with many aliases. The time to validate repeated fields grows with the square of their number.
 */
const routerLimits: DocumentLimits = {
  tokens: Infinity,
  depth: 10,
  aliases: Infinity,
  repeated: 100,
  rootFields: Infinity,
  directives: Infinity,
};

/** The depth limit of introspection. Tools nest `ofType` to unwrap lists and non-null types. */
const maxIntrospectionDepth = 20;

/**
 * Refuses documents that are too large before graphql-js validates them, because the validation of some documents
 * takes long.
 * @param introspection whether introspection is on; if so, documents that only introspect may be deeper
 */
export function useOperationLimits(introspection: boolean): Plugin<RequestContext> {
  // A document is never shared between the router and other callers (`useDocumentCaches`), so it has one set of limits.
  const cache = new WeakMap<DocumentNode, readonly GraphQLError[]>();
  return {
    onParse({ context, setParseFn }) {
      const { tokens } = limitsFor(context);
      setParseFn((source: string | Source, options?: ParseOptions) => parseDocument(source, options, tokens));
    },
    onValidate({ context, params, setValidationFn, setResult }) {
      setValidationFn(validateCheaplyFirst);
      const document = params.documentAST as DocumentNode;
      let errors = cache.get(document);
      if (errors === undefined) {
        errors = limitErrors(document, introspection, limitsFor(context));
        cache.set(document, errors);
      }
      if (errors.length > 0) setResult([...errors]);
    },
  };
}

function limitsFor({ auth }: RequestContext): DocumentLimits {
  return auth?.isRouter === true ? routerLimits : callerLimits;
}

/**
 * Parses a document, and stops at the limit of tokens.
 * @throws GraphQLError if the document does not parse, or has too many tokens
 */
export function parseDocument(
  source: string | Source,
  options: ParseOptions = {},
  maxTokens = callerLimits.tokens,
): DocumentNode {
  const text = typeof source === 'string' ? source : source.body;
  const lines = text.match(/\r\n|[\n\r]/g)?.length ?? 0;
  try {
    return parse(source, { ...options, maxTokens, noLocation: lines > maxLocatedLines });
  } catch (error) {
    if (error instanceof GraphQLError && /\d tokens\. Parsing aborted/.test(error.message))
      throw tooExpensive(`The document has more than ${String(maxTokens)} tokens.`);
    throw error;
  }
}

/**
 * Validates a document, and stops after a few errors. The rule that compares all pairs of fields is expensive, so it
 * runs only on documents that all other rules accept.
 */
function validateCheaplyFirst(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules: readonly ValidationRule[] = specifiedRules,
): readonly GraphQLError[] {
  const cheapRules = rules.filter(rule => rule !== OverlappingFieldsCanBeMergedRule);
  const errors = validate(schema, document, cheapRules, { maxErrors });
  if (errors.length > 0) return errors;
  return validate(schema, document, [OverlappingFieldsCanBeMergedRule], { maxErrors });
}

/** An error for each limit that a document exceeds. */
export function limitErrors(
  document: DocumentNode,
  introspection: boolean,
  limits = callerLimits,
): readonly GraphQLError[] {
  const size = sizesOf(document);
  if (size === undefined) return [tooExpensive('The document is nested too deeply.')];
  const mayBeDeeper = introspection && isIntrospectionOnly(document);
  return (Object.keys(names) as LimitedNumber[]).flatMap(key => {
    const max = key === 'depth' && mayBeDeeper ? maxIntrospectionDepth : limits[key];
    return size[key] <= max
      ? []
      : tooExpensive(`${names[key]} limit of ${String(max)} exceeded, found ${String(size[key])}.`);
  });
}

/** The sizes of a document; undefined if it is nested so deeply that the stack does not suffice to measure it. */
function sizesOf(document: DocumentNode): DocumentSize | undefined {
  try {
    return largestSizes(document);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function tooExpensive(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_EXPENSIVE' } });
}

/** Whether every operation of a document selects only `__schema` and `__type`, as GraphiQL's introspection does. */
function isIntrospectionOnly(document: DocumentNode): boolean {
  const operations = document.definitions.filter(definition => definition.kind === Kind.OPERATION_DEFINITION);
  return operations.every(
    ({ operation, selectionSet }) =>
      operation === OperationTypeNode.QUERY &&
      selectionSet.selections.every(
        selection => selection.kind === Kind.FIELD && /^__(?:schema|type)$/.test(selection.name.value),
      ),
  );
}
