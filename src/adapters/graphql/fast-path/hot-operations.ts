import {
  getOperationAST,
  visit,
  type DocumentNode,
  type GraphQLSchema,
  type OperationTypeNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { compiledOperation } from './compiled-operation.ts';
import { bytesOfDocument } from '../document-cache.ts';
import { DocumentSizes } from '../document-sizes.ts';
import { interpretedOperation } from './interpreted-operation.ts';
import type { HotOperation } from './hot-operation.ts';

export interface HotOperationsOptions {
  readonly schema: GraphQLSchema;
  /** How often an operation must have been asked for before it is made ready, which costs some ms. */
  readonly hotAfter: number;
  /** The document that a text is, if it may be run; undefined for any other. */
  readonly validated: (text: string) => DocumentNode | undefined;
  /** Memory for what is made ready, as estimated; what was asked for longest ago goes first. @default 32 MiB */
  readonly maxBytes?: number;
}

/** Memory for the operations that are being counted. */
const maxCountedBytes = 2 * 1024 * 1024;

/** Longer ones are nobody's everyday question, and take room. */
const longestText = 16 * 1024;

/**
 * Of larger ones the code would be too large. The compiler writes each fragment out wherever it is spread: of fragments
 * that double each other it would never come to an end.
 */
const mostSelections = 500;

/** Memory of a compiled operation, as measured: a fixed part, and a part for each selection. */
const bytesOfCode = { each: 30_000, perSelection: 2000 } as const;

/** Estimated bytes of an entry for an operation that cannot be compiled. */
const bytesOfUncompiled = 1000;

function bytesOfKey(key: string): number {
  return 200 + 2 * key.length;
}

/** The operations that are asked for again and again: all that depends on their text alone is done once. */
export class HotOperations {
  readonly #options: HotOperationsOptions;
  readonly #uses = new LRUCache<string, number>({
    maxSize: maxCountedBytes,
    sizeCalculation: (_uses, key) => bytesOfKey(key),
  });
  readonly #known: LRUCache<string, HotEntry>;

  constructor(options: HotOperationsOptions) {
    this.#options = options;
    this.#known = new LRUCache({
      maxSize: options.maxBytes ?? 32 * 1024 * 1024,
      sizeCalculation: ({ bytes }, key) => bytes + bytesOfKey(key),
    });
  }

  /** How many operations are kept. */
  get count(): number {
    return this.#known.size;
  }

  /** Estimated bytes of what is kept. */
  get bytes(): number {
    return this.#known.calculatedSize;
  }

  /**
   * @param operationName which of the document's operations; undefined where there is one
   * @returns undefined where it has not been asked for often enough, or cannot be made ready
   */
  find(text: string, operationName: string | undefined): HotOperation | undefined {
    // No document holds this character.
    const key = operationName === undefined ? text : `${text}\0${operationName}`;
    return (this.#known.get(key) ?? this.#learn(key, text, operationName))?.operation;
  }

  #learn(key: string, text: string, operationName: string | undefined): HotEntry | undefined {
    const { schema, hotAfter, validated } = this.#options;
    if (key.length > longestText) return undefined;
    const uses = this.#uses.get(key) ?? 0;
    if (uses < hotAfter) {
      this.#uses.set(key, uses + 1);
      return undefined;
    }
    this.#uses.delete(key);
    const document = validated(text);
    // Operation names that a document lacks may be anything: nothing is kept of them.
    if (document === undefined || getOperationAST(document, operationName) == null) return undefined;
    const known = hotEntry(schema, document, operationName);
    this.#known.set(key, known);
    return known;
  }
}

interface HotEntry {
  readonly operation: HotOperation | undefined;
  readonly bytes: number;
}

function hotEntry(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotEntry {
  const { selections } = new DocumentSizes(document).largest();
  const operation =
    selections > mostSelections || holdsWhatIsNotCompiled(document)
      ? undefined
      : compile(schema, document, operationName);
  if (operation === undefined) return { operation, bytes: bytesOfUncompiled };
  const bytes = bytesOfDocument(document) + bytesOfCode.each + bytesOfCode.perSelection * selections;
  return { operation, bytes };
}

/** How operations of each kind are made ready; subscriptions are Yoga's. */
const compilers = {
  query: compiledOperation,
  mutation: interpretedOperation,
  subscription: () => undefined,
} as const satisfies Record<OperationTypeNode, unknown>;

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotOperation | undefined {
  const operation = getOperationAST(document, operationName);
  return operation == null ? undefined : compilers[operation.operation](schema, document, operationName);
}

/**
 * Whether it holds what compiled code would answer differently: a name that every object has, such as `__proto__`, or a
 * directive, which may change the order of fields that stand in fragments.
 */
function holdsWhatIsNotCompiled(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Name({ value }) {
      found ||= value in Object.prototype;
    },
    Directive() {
      found = true;
    },
  });
  return found;
}
