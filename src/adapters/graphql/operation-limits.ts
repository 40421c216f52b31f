import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  GraphQLError,
  Kind,
  parse,
  validate,
  type ASTVisitor,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** What a document may hold. Fields that are selected twice in one place count as aliases do. */
const limits = { tokens: 1000, depth: 10, aliases: 15, rootFields: 5, directives: 5 };

/**
 * Refuses documents that are too large before graphql-js looks into them, which for some takes long.
 * @param introspection whether questions about the schema are answered; those alone may then be deeper
 */
export function useOperationLimits(introspection: boolean): Plugin {
  const known = new WeakMap<DocumentNode, readonly GraphQLError[]>();
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => parse(source, { ...options, maxTokens: limits.tokens }));
      return ({ result, replaceParseResult }) => {
        if (result instanceof GraphQLError && /\d tokens\. Parsing aborted/.test(result.message))
          replaceParseResult(
            tooExpensive(`The document has more than ${String(limits.tokens)} tokens.`) as never,
          );
      };
    },
    onValidate({ params: { schema, documentAST }, setResult }) {
      let problems = known.get(documentAST);
      if (problems === undefined) {
        problems = problemsOf(schema as GraphQLSchema, documentAST as DocumentNode, introspection);
        known.set(documentAST, problems);
      }
      if (problems.length > 0) setResult([...problems]);
    },
  };
}

/** What in a document goes beyond the limits. */
export function problemsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  introspection: boolean,
): readonly GraphQLError[] {
  return validate(schema, document, introspection && asksOfSchema(document) ? [rootFieldsRule] : rules, {
    maxErrors: 5,
  });
}

function tooExpensive(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_EXPENSIVE' } });
}

/** Armor's rules, with a code that callers can act on. */
function reporting(limit: number) {
  return {
    n: limit,
    propagateOnRejection: false,
    onReject: [
      (context: ValidationContext | null, { message }: GraphQLError) => {
        context?.reportError(tooExpensive(message.replace('Syntax Error: ', '')));
      },
    ],
  };
}

/** Counts root fields, and fields that are selected again in the same place, through all fragments. */
function rootFieldsRule(context: ValidationContext): ASTVisitor {
  const counted = new Map<string, number>();
  const countOf = (name: string): number => {
    const known = counted.get(name);
    if (known !== undefined) return known;
    // Stands while the fragment itself is counted, so that a cycle ends.
    counted.set(name, 0);
    const set = context.getFragment(name)?.selectionSet;
    const fields = set === undefined ? 0 : count(set);
    counted.set(name, fields);
    return fields;
  };
  const count = (set: SelectionSetNode): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + 1;
      return (
        sum +
        (selection.kind === Kind.INLINE_FRAGMENT
          ? count(selection.selectionSet)
          : countOf(selection.name.value))
      );
    }, 0);
  return {
    OperationDefinition({ selectionSet }) {
      const found = count(selectionSet);
      if (found > limits.rootFields)
        context.reportError(
          tooExpensive(`Root fields limit of ${String(limits.rootFields)} exceeded, found ${String(found)}.`),
        );
    },
  };
}

function repetitionsRule(context: ValidationContext): ASTVisitor {
  let repeated = 0;
  return {
    SelectionSet({ selections }) {
      const fields = selections.filter(selection => selection.kind === Kind.FIELD);
      const names = new Set(fields.map(({ alias, name }) => (alias ?? name).value));
      repeated += fields.length - names.size;
    },
    Document: {
      leave() {
        if (repeated > limits.aliases)
          context.reportError(
            tooExpensive(
              `Repeated fields limit of ${String(limits.aliases)} exceeded, found ${String(repeated)}.`,
            ),
          );
      },
    },
  };
}

const rules: readonly ValidationRule[] = [
  maxDepthRule({
    ...reporting(limits.depth),
    flattenFragments: true,
    ignoreIntrospection: false,
  }) as ValidationRule,
  maxAliasesRule({ ...reporting(limits.aliases), allowList: [] }) as ValidationRule,
  maxDirectivesRule(reporting(limits.directives)) as ValidationRule,
  rootFieldsRule,
  repetitionsRule,
];

/** Whether all that a document asks for is `__schema` or `__type`, as GraphiQL does. */
function asksOfSchema(document: DocumentNode): boolean {
  const operations = document.definitions.filter(each => each.kind === Kind.OPERATION_DEFINITION);
  return operations.every(({ selectionSet }) =>
    selectionSet.selections.every(
      selection => selection.kind === Kind.FIELD && /^__(?:schema|type)$/.test(selection.name.value),
    ),
  );
}
