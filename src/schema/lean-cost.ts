import {
  BREAK,
  valueFromASTUntyped,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { defaultPageSize, maxPageSize } from '../payouts/listing/payout-list.ts';
import type { RefusedEntities } from './context.ts';
import { callsFor, EntityCosts } from './entity-costs.ts';
import type { LeanRead } from './fact-field.ts';
import { fieldsOf, SelectionFold } from './selection-fold.ts';

export interface CostedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** The cost of a request whose Lean calls are limited. */
export interface LimitedCost {
  /** The estimated number of Lean calls, without those for refused entities. */
  readonly cost: number;
  readonly refusedEntities: RefusedEntities;
}

/**
 * Estimates the Lean calls of an operation before its execution. The estimate assumes that no call is shared with other
 * operations, that every page is full, and that Lean's responses have the fields of the recorded ones. It leaves out
 * retries, reads of a list from its end, and extra calls for responses with fewer fields. The call budget counts those
 * during the execution.
 */
export class LeanCost {
  readonly #schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #document: DocumentNode;
  #reads: SelectionFold<ReadonlySet<LeanRead>>;
  readonly #readsOfFields = new Map<FieldNode, Map<string, ReadonlySet<LeanRead>>>();
  /** Whether `@skip` or `@include` may make the selection depend on variables. Then nothing is cached. */
  readonly #hasDirectives: boolean;
  /** The variables of the request that is being estimated. */
  #variables: Readonly<Record<string, unknown>> = {};

  constructor({ schema, document, operation }: CostedOperation) {
    this.#schema = schema;
    this.#operation = operation;
    this.#document = document;
    this.#reads = this.#newFold();
    this.#hasDirectives = hasDirectives(document);
  }

  /**
   * The estimated number of Lean calls.
   * @param variables the variables of the request, before coercion
   */
  estimate(variables: Readonly<Record<string, unknown>>): number {
    return this.estimateWithin(variables, Infinity).cost;
  }

  /**
   * The estimated number of Lean calls if the request may make only `maxCalls`. The representations of entities that do
   * not fit are refused, the last ones first. The cost is above the limit only if the other fields exceed it.
   * @param variables the variables of the request, before coercion
   */
  estimateWithin(variables: Readonly<Record<string, unknown>>, maxCalls: number): LimitedCost {
    this.#variables = this.#withDefaults(variables);
    if (this.#hasDirectives) {
      this.#readsOfFields.clear();
      this.#reads = this.#newFold();
    }
    const fields = [...fieldsOf(this.#document, this.#operation.selectionSet, this.#isSkipped)];
    const costs = fields.map(field => this.#costOfRootField(field));
    const sum = costs.reduce((total, cost) => total + cost, 0);
    const entities = new EntityCosts(maxCalls - sum);
    const refusedEntities = new Map<string, ReadonlySet<number>>();
    for (const field of fields.filter(({ name }) => name.value === '_entities')) {
      const refused = this.#addEntities(field, entities);
      const key = (field.alias ?? field.name).value;
      if (refused.size > 0) refusedEntities.set(key, refused.union(refusedEntities.get(key) ?? new Set()));
    }
    this.#variables = {};
    return { cost: sum + entities.sum, refusedEntities };
  }

  /** Combines the Lean reads of all fields. */
  #newFold(): SelectionFold<ReadonlySet<LeanRead>> {
    return new SelectionFold<ReadonlySet<LeanRead>>(this.#document, this.#schema, {
      empty: new Set(),
      plus: (a, b) => a.union(b),
      field(_node, selected, below) {
        const read = selected?.definition?.extensions['leanRead'] as LeanRead | undefined;
        return read === undefined ? below() : new Set([read]).union(below());
      },
      isSkipped: this.#isSkipped,
    });
  }

  #withDefaults(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const variables = { ...given };
    for (const { variable, defaultValue } of this.#operation.variableDefinitions ?? [])
      if (defaultValue !== undefined && variables[variable.name.value] === undefined)
        variables[variable.name.value] = valueFromASTUntyped(defaultValue);
    return variables;
  }

  #costOfRootField(field: FieldNode): number {
    switch (field.name.value) {
      case 'payout':
      case 'payoutByIntent':
        return 1 + callsFor(this.#readsBelow(field, 'Payout'), 'intent');
      case 'payoutByPayment':
        return 1 + callsFor(this.#readsBelow(field, 'Payout'), 'payment');
      case 'payouts':
        return 1 + this.#rowCount(field) * callsFor(this.#readsBelow(field, 'PayoutConnection'), 'row');
      case 'payoutIntent':
        return 1 + callsFor(this.#readsBelow(field, 'PayoutIntent'), 'intent');
      case 'payoutDestination':
        return 1;
      // The cost of one update, and one call to check that the payout exists.
      case 'payoutUpdated':
        return 1 + callsFor(this.#readsBelow(field, 'PayoutUpdate'), 'creation');
      case 'createPayout':
        return 1 + callsFor(this.#readsBelow(field, 'CreatePayoutResult'), 'creation');
      case 'createPayouts': {
        const input = this.#argument(field, 'input') as { readonly transfers?: unknown } | undefined;
        const transfers = Array.isArray(input?.transfers) ? input.transfers.length : 1;
        return 1 + transfers * callsFor(this.#readsBelow(field, 'CreatePayoutsResult'), 'creation');
      }
      // The number of transfers is not known before the execution. Usually there is one.
      case 'payoutRequest':
        return callsFor(this.#readsBelow(field, 'PayoutRequest'), 'creation');
      default:
        return 0;
    }
  }

  /**
   * Adds the representations of a field. Their ids count once in a request, whichever fields ask for them.
   * @returns the indexes of those that exceed the limit
   */
  #addEntities(field: FieldNode, entities: EntityCosts): ReadonlySet<number> {
    const given = this.#argument(field, 'representations');
    const representations: readonly unknown[] = Array.isArray(given) ? given : [given];
    const readsOfTypes = new Map<string, ReadonlySet<LeanRead>>();
    const readsOf = (type: string): ReadonlySet<LeanRead> => {
      const reads = readsOfTypes.get(type) ?? this.#readsBelow(field, type);
      readsOfTypes.set(type, reads);
      return reads;
    };
    const refused = new Set<number>();
    for (const [index, representation] of representations.entries())
      if (!entities.tryAdd(representation, readsOf)) refused.add(index);
    return refused;
  }

  #rowCount(field: FieldNode): number {
    const given = this.#argument(field, 'first') ?? this.#argument(field, 'last') ?? defaultPageSize;
    return typeof given === 'number' ? Math.min(Math.max(given, 0), maxPageSize) : maxPageSize;
  }

  /** The reads for all selections below a field whose value has this type. */
  #readsBelow(field: FieldNode, typeName: string): ReadonlySet<LeanRead> {
    const known = this.#readsOfFields.get(field)?.get(typeName);
    if (known !== undefined) return known;
    const type = this.#schema.getType(typeName);
    const reads =
      field.selectionSet === undefined || type === undefined
        ? new Set<LeanRead>()
        : this.#reads.of(field.selectionSet, type);
    // Names that are not in the schema come from the caller, and would fill the cache without limit.
    if (type !== undefined) {
      const ofField = this.#readsOfFields.get(field) ?? new Map<string, ReadonlySet<LeanRead>>();
      this.#readsOfFields.set(field, ofField.set(typeName, reads));
    }
    return reads;
  }

  readonly #isSkipped = (directives: readonly DirectiveNode[]): boolean =>
    directives.some(({ name, arguments: given }) => {
      const when = given?.[0] && valueFromASTUntyped(given[0].value, this.#variables);
      return (name.value === 'skip' && when === true) || (name.value === 'include' && when === false);
    });

  /** The value of an argument; undefined if it is not given. */
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
