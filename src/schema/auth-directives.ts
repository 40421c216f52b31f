import {
  isObjectType,
  Kind,
  parse,
  parseConstValue,
  print,
  visit,
  type ConstDirectiveNode,
  type ConstValueNode,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { scopesOf } from './scope-rules.ts';

/**
 * Adds `@authenticated` and `@requiresScopes` to the SDL of the subgraph, for routers that enforce them. Only fields get
 * them: on an entity type they would demand this gateway's scopes for fields that other subgraphs add, and on a key field
 * for the same field of another subgraph.
 * @param sdl the SDL of the schema, without these directives
 */
export function withAuthDirectives(schema: GraphQLSchema, sdl: string): string {
  const document = visit(parse(sdl), {
    SchemaExtension: node => ({ ...node, directives: node.directives?.map(withImports) ?? [] }),
    ObjectTypeDefinition(node) {
      const type = schema.getType(node.name.value);
      if (!isObjectType(type)) return undefined;
      const keys = keyFieldsOf(type);
      const fields = node.fields?.map(field => {
        const name = field.name.value;
        const own = scopesOf(type.getFields()[name] ?? { extensions: {} });
        const scopes = own.length > 0 || keys.has(name) ? own : scopesOf(type);
        return scopes.length === 0
          ? field
          : { ...field, directives: [...(field.directives ?? []), ...directivesFor(scopes)] };
      });
      return { ...node, fields: fields ?? [] };
    },
  });
  return `${print(document)}\n`;
}

/** Adds the directives to the imports of `@link`. */
function withImports(link: ConstDirectiveNode): ConstDirectiveNode {
  return {
    ...link,
    arguments:
      link.arguments?.map(argument =>
        argument.name.value === 'import' && argument.value.kind === Kind.LIST
          ? { ...argument, value: { ...argument.value, values: importsOf(argument.value.values) } }
          : argument,
      ) ?? [],
  };
}

function importsOf(values: readonly ConstValueNode[]): readonly ConstValueNode[] {
  return [...values, parseConstValue('"@authenticated"'), parseConstValue('"@requiresScopes"')];
}

function directivesFor(scopes: readonly string[]): readonly ConstDirectiveNode[] {
  return [
    { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'authenticated' } },
    {
      kind: Kind.DIRECTIVE,
      name: { kind: Kind.NAME, value: 'requiresScopes' },
      arguments: [
        {
          kind: Kind.ARGUMENT,
          name: { kind: Kind.NAME, value: 'scopes' },
          value: parseConstValue(JSON.stringify([scopes])),
        },
      ],
    },
  ];
}

/** The fields of an entity by which other subgraphs refer to it. */
function keyFieldsOf({ extensions }: GraphQLObjectType): ReadonlySet<string> {
  const directives = (extensions['directives'] ?? []) as readonly {
    readonly name: string;
    readonly args?: { readonly fields?: string };
  }[];
  return new Set(directives.flatMap(({ name, args }) => (name === 'key' ? (args?.fields ?? []) : [])));
}
