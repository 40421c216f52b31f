import {
  BREAK,
  getNamedType,
  isObjectType,
  Kind,
  valueFromASTUntyped,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { callFor, type Origin } from '../payouts/payout-facts.ts';
import type { Need } from './fact-field.ts';

const maxRows = 100;
const defaultRows = 50;

export interface CostedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/**
 * Estimates the Lean calls of an operation before any of them is made. It assumes that no call is shared with other
 * operations, that every page is full, and that Lean answers as it was recorded. It leaves out retries, walks from the
 * end of a list, and the extra calls for a Lean with poorer answers: the budget counts those while the operation runs.
 */
export class LeanCost {
  readonly #schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #needsOfFragments = new Map<string, ReadonlySet<Need>>();
  readonly #needsOfFields = new Map<FieldNode, Map<string, ReadonlySet<Need>>>();
  /** Whether what is asked for depends on variables, by directives: then it is found out each time. */
  readonly #conditional: boolean;
  /** Of the request that is being looked at, and of none when it has been. */
  #variables: Readonly<Record<string, unknown>> = {};

  constructor({ schema, document, operation }: CostedOperation) {
    this.#schema = schema;
    this.#operation = operation;
    this.#fragments = new Map(
      document.definitions
        .filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map(fragment => [fragment.name.value, fragment]),
    );
    this.#conditional = hasDirectives(document);
  }

  /** @param variables as the request has them */
  of(variables: Readonly<Record<string, unknown>>): number {
    this.#variables = this.#withDefaults(variables);
    if (this.#conditional) {
      this.#needsOfFields.clear();
      this.#needsOfFragments.clear();
    }
    let sum = 0;
    for (const field of this.#fieldsOf(this.#operation.selectionSet)) sum += this.#ofRoot(field);
    this.#variables = {};
    return sum;
  }

  #withDefaults(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const variables = { ...given };
    for (const { variable, defaultValue } of this.#operation.variableDefinitions ?? [])
      if (defaultValue !== undefined && variables[variable.name.value] === undefined)
        variables[variable.name.value] = valueFromASTUntyped(defaultValue);
    return variables;
  }

  #ofRoot(field: FieldNode): number {
    switch (field.name.value) {
      case 'payout':
      case 'payoutByIntent':
        return 1 + callsFor(this.#needs(field, 'Payout'), 'intent');
      case 'payoutByPayment':
        return 1 + callsFor(this.#needs(field, 'Payout'), 'payment');
      case 'payouts':
        return 1 + this.#rowsOf(field) * callsFor(this.#needs(field, 'PayoutConnection'), 'row');
      case 'payoutIntent':
        return 1 + callsFor(this.#needs(field, 'PayoutIntent'), 'intent');
      case 'payoutDestination':
        return 1;
      case '_entities':
        return this.#ofEntities(field);
      // For each update, and one call to check that the payout exists.
      case 'payoutUpdated':
        return 1 + callsFor(this.#needs(field, 'PayoutUpdate'), 'creation');
      case 'createPayout':
        return 1 + callsFor(this.#needs(field, 'CreatePayoutResult'), 'creation');
      case 'createPayouts': {
        const input = this.#argument(field, 'input') as { readonly transfers?: unknown } | undefined;
        const transfers = Array.isArray(input?.transfers) ? input.transfers.length : 1;
        return 1 + transfers * callsFor(this.#needs(field, 'CreatePayoutsResult'), 'creation');
      }
      // The number of transfers is not known beforehand; mostly it is one.
      case 'payoutRequest':
        return callsFor(this.#needs(field, 'PayoutRequest'), 'creation');
      default:
        return 0;
    }
  }

  /** Of representations anything may be wrong; what names no entity costs as much as one that does. */
  #ofEntities(field: FieldNode): number {
    const given = this.#argument(field, 'representations');
    const representations: readonly unknown[] = Array.isArray(given) ? given : [given];
    const needsOf = new Map<string, ReadonlySet<Need>>();
    const distinct = new Map<unknown, number>();
    for (const each of representations) {
      const { __typename, id, intentId, paymentId } = (each ?? {}) as Readonly<Record<string, unknown>>;
      const type = typeof __typename === 'string' ? __typename : '';
      const needs = needsOf.get(type) ?? this.#needs(field, type);
      needsOf.set(type, needs);
      const [kind, key] =
        id != null ? ['id', id] : intentId != null ? ['intent', intentId] : ['payment', paymentId];
      const cost =
        1 + (type === 'PayoutDestination' ? 0 : callsFor(needs, kind === 'payment' ? 'payment' : 'intent'));
      // What names an entity has no blanks in its type and its id: nothing else can pass for it, and take its place.
      distinct.set(typeof key === 'string' ? `${type} ${kind} ${key}` : each, cost);
    }
    return [...distinct.values()].reduce((sum, cost) => sum + cost, 0);
  }

  #rowsOf(field: FieldNode): number {
    const given = this.#argument(field, 'first') ?? this.#argument(field, 'last') ?? defaultRows;
    return typeof given === 'number' ? Math.min(Math.max(given, 0), maxRows) : maxRows;
  }

  /** What is asked of Lean for anything below a field, where it is of this type. */
  #needs(field: FieldNode, typeName: string): ReadonlySet<Need> {
    const known = this.#needsOfFields.get(field)?.get(typeName);
    if (known !== undefined) return known;
    const type = this.#schema.getType(typeName);
    const needs =
      field.selectionSet === undefined || type === undefined
        ? new Set<Need>()
        : this.#needsOf(field.selectionSet, type);
    // Other names are anybody's choice.
    if (type !== undefined) {
      const ofField = this.#needsOfFields.get(field) ?? new Map<string, ReadonlySet<Need>>();
      this.#needsOfFields.set(field, ofField.set(typeName, needs));
    }
    return needs;
  }

  #needsOf({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Set<Need> {
    const needs = new Set<Need>();
    for (const selection of selections) {
      if (this.#leftOut(selection.directives)) continue;
      if (selection.kind === Kind.FIELD) {
        const field = isObjectType(type) ? type.getFields()[selection.name.value] : undefined;
        if (field === undefined) continue;
        const own = field.extensions['asksLean'] as Need | undefined;
        if (own !== undefined) needs.add(own);
        if (selection.selectionSet !== undefined)
          addAll(needs, this.#needsOf(selection.selectionSet, getNamedType(field.type)));
      } else if (selection.kind === Kind.INLINE_FRAGMENT)
        addAll(needs, this.#needsIn(selection.typeCondition?.name.value, selection.selectionSet, type));
      else addAll(needs, this.#needsOfFragment(selection.name.value, type));
    }
    return needs;
  }

  #needsOfFragment(name: string, type: GraphQLNamedType | undefined): ReadonlySet<Need> {
    const key = `${name} ${type?.name ?? ''}`;
    const known = this.#needsOfFragments.get(key);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name);
    if (fragment === undefined) return new Set();
    const needs = this.#needsIn(fragment.typeCondition.name.value, fragment.selectionSet, type);
    this.#needsOfFragments.set(key, needs);
    return needs;
  }

  /** Of several entities each has its own fragment, and counts what is in that. */
  #needsIn(on: string | undefined, set: SelectionSetNode, type: GraphQLNamedType | undefined): Set<Need> {
    if (on === undefined || on === type?.name) return this.#needsOf(set, type);
    return isObjectType(type) && isObjectType(this.#schema.getType(on))
      ? new Set()
      : this.#needsOf(set, this.#schema.getType(on));
  }

  *#fieldsOf({ selections }: SelectionSetNode): Generator<FieldNode> {
    for (const selection of selections) {
      if (this.#leftOut(selection.directives)) continue;
      if (selection.kind === Kind.FIELD) yield selection;
      else if (selection.kind === Kind.INLINE_FRAGMENT) yield* this.#fieldsOf(selection.selectionSet);
      else {
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment !== undefined) yield* this.#fieldsOf(fragment.selectionSet);
      }
    }
  }

  #leftOut(directives: readonly DirectiveNode[] | undefined): boolean {
    return (directives ?? []).some(({ name, arguments: given }) => {
      const when = given?.[0] && valueFromASTUntyped(given[0].value, this.#variables);
      return (name.value === 'skip' && when === true) || (name.value === 'include' && when === false);
    });
  }

  #argument(field: FieldNode, name: string): unknown {
    const given = field.arguments?.find(argument => argument.name.value === name);
    return given === undefined ? undefined : valueFromASTUntyped(given.value, this.#variables);
  }
}

function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive() {
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** The calls that a payout costs after the one that reached it: one of each kind, however many fields need it. */
function callsFor(needs: ReadonlySet<Need>, origin: Origin): number {
  const calls = new Set<string>();
  for (const need of needs)
    if (typeof need === 'string') {
      if (need !== origin) calls.add(need);
    } else {
      // The payout of a created payout or of an update is read by its intent.
      const reached = origin === 'creation' && needs.has('intent') ? 'intent' : origin;
      const call = callFor(need, reached);
      if (call !== undefined) calls.add(call);
    }
  return calls.size;
}

function addAll(needs: Set<Need>, more: ReadonlySet<Need>): void {
  for (const need of more) needs.add(need);
}
