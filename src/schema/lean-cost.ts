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
import { maxTransfers } from '../payouts/creation/transfer.ts';

/**
 * What a field of a payout may have to ask Lean for. Loaders ask once for each payout, however many fields want the
 * same: `detail`, the call for the single payout; `intent`; `history`; `state`, which a payout known only by its intent
 * takes from its history.
 */
type Need = 'detail' | 'intent' | 'history' | 'state';

/**
 * What a selection may have to ask Lean for. An intent carries the latest payout made of it, which is not always the one
 * that led to the intent: an earlier attempt failed. What is asked of the latest is then asked beside the same of the
 * other.
 */
type Call = Need | 'latestDetail' | 'latestHistory';

/** For a field's definition: what it may have to ask Lean for. */
export function asksLean(need: Need): { readonly extensions: { readonly asksLean: Need } } {
  return { extensions: { asksLean: need } };
}

const maxRows = 100;
const defaultRows = 50;

export interface CostedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/**
 * How many Lean calls an operation costs at worst, told before any of them is made: as if nothing it asks for were
 * shared with others, and every page came back full. Retries, and walks from the end of a list, are not counted.
 */
export class LeanCost {
  readonly #schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #needsOfFragments = new Map<string, ReadonlySet<Call>>();
  readonly #needsOfFields = new Map<FieldNode, Map<string, ReadonlySet<Call>>>();
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
        return this.#ofPayout(this.#argument(field, 'id'), this.#needs(field, 'Payout'));
      case 'payouts': {
        const needs = this.#needs(field, 'PayoutConnection');
        return 1 + this.#rowsOf(field) * (count(needs, 'detail') + besidePayout(needs));
      }
      case 'payoutIntent':
        return ofIntent(this.#needs(field, 'PayoutIntent'));
      case '_entities':
        return this.#ofEntities(field);
      // Of each update; and of the one look at whether there is such a payout.
      case 'payoutUpdated':
        return 1 + count(this.#needs(field, 'PayoutUpdate'), 'detail', 'intent', 'history');
      case 'createPayout':
        return 1 + this.#ofCreated(field, 'CreatePayoutResult');
      case 'createPayouts': {
        const input = this.#argument(field, 'input') as { readonly transfers?: unknown } | undefined;
        const transfers = Array.isArray(input?.transfers) ? input.transfers.length : 1;
        return 1 + transfers * this.#ofCreated(field, 'CreatePayoutsResult');
      }
      // What was asked for by then is not known: a request may have so many transfers.
      case 'payoutRequest':
        return maxTransfers * this.#ofCreated(field, 'PayoutRequest');
      default:
        return 0;
    }
  }

  /** The answer to a creation has its own fields from Lean's answer; the payout and intent in it are read. */
  #ofCreated(field: FieldNode, type: string): number {
    const needs = this.#needs(field, type);
    return needs.has('intent') ? ofIntent(needs) : 0;
  }

  #ofPayout(id: unknown, needs: ReadonlySet<Call>): number {
    const known = typeof id === 'string' && !id.startsWith('intent:');
    return known ? 1 + besidePayout(needs) : ofIntent(needs);
  }

  /** Of representations anything may be wrong; what names no entity costs as much as one that does. */
  #ofEntities(field: FieldNode): number {
    const given = this.#argument(field, 'representations');
    const representations: readonly unknown[] = Array.isArray(given) ? given : [given];
    const needsOf = new Map<string, ReadonlySet<Call>>();
    const distinct = new Map<unknown, number>();
    for (const each of representations) {
      const { __typename, id, intentId } = (each ?? {}) as Readonly<Record<string, unknown>>;
      const type = typeof __typename === 'string' ? __typename : '';
      const needs = needsOf.get(type) ?? this.#needs(field, type);
      needsOf.set(type, needs);
      const ofEntity = type === 'Payout' ? this.#ofPayout(id, needs) : ofIntent(needs);
      const cost = type === 'PayoutDestination' ? 1 : ofEntity;
      const key = id ?? intentId;
      // What names an entity has no blanks in its type and its id: nothing else can pass for it, and take its place.
      distinct.set(typeof key === 'string' ? `${type} ${id == null ? 'intent' : 'id'} ${key}` : each, cost);
    }
    return [...distinct.values()].reduce((sum, cost) => sum + cost, 0);
  }

  #rowsOf(field: FieldNode): number {
    const given = this.#argument(field, 'first') ?? this.#argument(field, 'last') ?? defaultRows;
    return typeof given === 'number' ? Math.min(Math.max(given, 0), maxRows) : maxRows;
  }

  /** What is asked of Lean for anything below a field, where it is of this type. */
  #needs(field: FieldNode, typeName: string): ReadonlySet<Call> {
    const known = this.#needsOfFields.get(field)?.get(typeName);
    if (known !== undefined) return known;
    const type = this.#schema.getType(typeName);
    const needs =
      field.selectionSet === undefined || type === undefined
        ? new Set<Call>()
        : this.#needsOf(field.selectionSet, type);
    // Other names are anybody's choice.
    if (type !== undefined) {
      const ofField = this.#needsOfFields.get(field) ?? new Map<string, ReadonlySet<Call>>();
      this.#needsOfFields.set(field, ofField.set(typeName, needs));
    }
    return needs;
  }

  #needsOf({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Set<Call> {
    const needs = new Set<Call>();
    for (const selection of selections) {
      if (this.#leftOut(selection.directives)) continue;
      if (selection.kind === Kind.FIELD) {
        const field = isObjectType(type) ? type.getFields()[selection.name.value] : undefined;
        if (field === undefined) continue;
        const own = field.extensions['asksLean'] as Need | undefined;
        if (own !== undefined) needs.add(own);
        if (selection.selectionSet === undefined) continue;
        // A party in the answer to a creation is there already.
        if (type?.name === 'PayoutCreated' && own === undefined) continue;
        const below = this.#needsOf(selection.selectionSet, getNamedType(field.type));
        addAll(needs, type?.name === 'Payout' && own === 'intent' ? ofLatest(below) : below);
      } else if (selection.kind === Kind.INLINE_FRAGMENT)
        addAll(needs, this.#needsIn(selection.typeCondition?.name.value, selection.selectionSet, type));
      else addAll(needs, this.#needsOfFragment(selection.name.value, type));
    }
    return needs;
  }

  #needsOfFragment(name: string, type: GraphQLNamedType | undefined): ReadonlySet<Call> {
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
  #needsIn(on: string | undefined, set: SelectionSetNode, type: GraphQLNamedType | undefined): Set<Call> {
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

/** A read of an intent, and what has to be asked beyond it: there is no other payout in it than the latest. */
function ofIntent(needs: ReadonlySet<Call>): number {
  const latest = ofLatest(needs);
  return 1 + count(latest, 'latestDetail', 'latestHistory');
}

/** What has to be asked beyond a payout and its details. */
function besidePayout(needs: ReadonlySet<Call>): number {
  return count(needs, 'intent', 'history', 'latestDetail', 'latestHistory');
}

/** What is asked of a payout, for the one that an intent carries. */
function ofLatest(needs: ReadonlySet<Call>): Set<Call> {
  const latest = new Set<Call>();
  if (needs.has('detail') || needs.has('latestDetail')) latest.add('latestDetail');
  if (needs.has('history') || needs.has('state') || needs.has('latestHistory')) latest.add('latestHistory');
  return latest;
}

function count(needs: ReadonlySet<Call>, ...wanted: readonly Call[]): number {
  return wanted.filter(need => needs.has(need)).length;
}

function addAll(needs: Set<Call>, more: ReadonlySet<Call>): void {
  for (const need of more) needs.add(need);
}
