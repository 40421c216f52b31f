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
import { maxErrors } from './coded-errors.ts';
import { largestSizes, type DocumentSize } from './document-sizes.ts';

const maxTokens = 1000;

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

/** The limits of a document, and their names in error messages. */
const limits: Readonly<Record<LimitedNumber, { readonly name: string; readonly max: number }>> = {
  depth: { name: 'Query depth', max: 10 },
  aliases: { name: 'Aliases', max: 15 },
  repeated: { name: 'Repeated fields', max: 15 },
  rootFields: { name: 'Root fields', max: 5 },
  directives: { name: 'Directives', max: 5 },
};

/** The depth limit of introspection. Tools nest `ofType` to unwrap lists and non-null types. */
const maxIntrospectionDepth = 20;

/**
 * Refuses documents that are too large before graphql-js validates them, because the validation of some documents
 * takes long.
 * @param introspection whether introspection is on; if so, documents that only introspect may be deeper
 */
export function useOperationLimits(introspection: boolean): Plugin {
  const cache = new WeakMap<DocumentNode, readonly GraphQLError[]>();
  return {
    onParse({ setParseFn }) {
      setParseFn(parseDocument);
    },
    onValidate({ params, setValidationFn, setResult }) {
      setValidationFn(validateCheaplyFirst);
      const document = params.documentAST as DocumentNode;
      let errors = cache.get(document);
      if (errors === undefined) {
        errors = limitErrors(document, introspection);
        cache.set(document, errors);
      }
      if (errors.length > 0) setResult([...errors]);
    },
  };
}

/**
 * Parses a document, and stops at the limit of tokens.
 * @throws GraphQLError if the document does not parse, or has too many tokens
 */
export function parseDocument(source: string | Source, options: ParseOptions = {}): DocumentNode {
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
export function limitErrors(document: DocumentNode, introspection: boolean): readonly GraphQLError[] {
  const size = largestSizes(document);
  const mayBeDeeper = introspection && isIntrospectionOnly(document);
  return (Object.keys(limits) as LimitedNumber[]).flatMap(key => {
    const { name, max: usualMax } = limits[key];
    const max = key === 'depth' && mayBeDeeper ? maxIntrospectionDepth : usualMax;
    return size[key] <= max
      ? []
      : tooExpensive(`${name} limit of ${String(max)} exceeded, found ${String(size[key])}.`);
  });
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
