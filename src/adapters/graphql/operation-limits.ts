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
import { mostErrors } from './coded-errors.ts';
import { DocumentSizes, type Size } from './document-sizes.ts';

const mostTokens = 1000;

/** To tell the place of an error takes going through all lines before it: of longer documents errors tell none. */
const mostLines = 2000;

/** Of selections there may be any number: for who executes them, fragments that are spread again are nothing new. */
type Limited = Exclude<keyof Size, 'selections'>;

/** What a document may hold, and what messages call it. */
const limits: Readonly<Record<Limited, { readonly name: string; readonly most: number }>> = {
  depth: { name: 'Query depth', most: 10 },
  aliases: { name: 'Aliases', most: 15 },
  repeated: { name: 'Repeated fields', most: 15 },
  rootFields: { name: 'Root fields', most: 5 },
  directives: { name: 'Directives', most: 5 },
};

/** What tools ask of a schema is deeper than what anybody asks of payouts: types wrapped in lists of lists. */
const introspectionDepth = 20;

/**
 * Refuses documents that are too large before graphql-js looks into them, which for some takes long.
 * @param introspection whether questions about the schema are answered; those alone may then be deeper
 */
export function useOperationLimits(introspection: boolean): Plugin {
  const known = new WeakMap<DocumentNode, readonly GraphQLError[]>();
  return {
    onParse({ setParseFn }) {
      setParseFn(parseDocument);
    },
    onValidate({ params, setValidationFn, setResult }) {
      setValidationFn(validateInOrder);
      const document = params.documentAST as DocumentNode;
      let problems = known.get(document);
      if (problems === undefined) {
        problems = problemsOf(document, introspection);
        known.set(document, problems);
      }
      if (problems.length > 0) setResult([...problems]);
    },
  };
}

/**
 * Parses no more of a document than it may hold.
 * @throws GraphQLError when it does not parse, or has too many tokens
 */
export function parseDocument(source: string | Source, options: ParseOptions = {}): DocumentNode {
  const text = typeof source === 'string' ? source : source.body;
  const lines = text.match(/\r\n|[\n\r]/g)?.length ?? 0;
  try {
    return parse(source, { ...options, maxTokens: mostTokens, noLocation: lines > mostLines });
  } catch (error) {
    if (error instanceof GraphQLError && /\d tokens\. Parsing aborted/.test(error.message))
      throw tooExpensive(`The document has more than ${String(mostTokens)} tokens.`);
    throw error;
  }
}

/**
 * Goes no further than a few errors; and to the one rule that compares each fragment with each other only in documents
 * of which all else is right.
 */
function validateInOrder(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules: readonly ValidationRule[] = specifiedRules,
): readonly GraphQLError[] {
  const once = rules.filter(rule => rule !== OverlappingFieldsCanBeMergedRule);
  const errors = validate(schema, document, once, { maxErrors: mostErrors });
  if (errors.length > 0) return errors;
  return validate(schema, document, [OverlappingFieldsCanBeMergedRule], { maxErrors: mostErrors });
}

/** What in a document goes beyond the limits. */
export function problemsOf(document: DocumentNode, introspection: boolean): readonly GraphQLError[] {
  const found = new DocumentSizes(document).largest();
  const deeper = introspection && asksOfSchema(document);
  return (Object.keys(limits) as Limited[]).flatMap(key => {
    const { name, most: usual } = limits[key];
    const most = key === 'depth' && deeper ? introspectionDepth : usual;
    return found[key] <= most
      ? []
      : tooExpensive(`${name} limit of ${String(most)} exceeded, found ${String(found[key])}.`);
  });
}

function tooExpensive(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_EXPENSIVE' } });
}

/** Whether all that a document asks for is `__schema` or `__type`, as GraphiQL does. */
function asksOfSchema(document: DocumentNode): boolean {
  const operations = document.definitions.filter(each => each.kind === Kind.OPERATION_DEFINITION);
  return operations.every(
    ({ operation, selectionSet }) =>
      operation === OperationTypeNode.QUERY &&
      selectionSet.selections.every(
        selection => selection.kind === Kind.FIELD && /^__(?:schema|type)$/.test(selection.name.value),
      ),
  );
}
