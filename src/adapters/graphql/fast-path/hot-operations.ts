import {
  getOperationAST,
  visit,
  type DocumentNode,
  type GraphQLSchema,
  type OperationTypeNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { compiledOperation } from './compiled-operation.ts';
import { bytesOfDocument } from '../documents/document-cache.ts';
import { largestSizes } from '../documents/document-sizes.ts';
import { interpretedOperation } from './interpreted-operation.ts';
import type { HotOperation } from './hot-operation.ts';

export interface HotOperationsOptions {
  readonly schema: GraphQLSchema;
  /** The number of requests for an operation before it becomes hot. The preparation of an operation takes some ms. */
  readonly hotAfter: number;
  /** Parses and validates a document; undefined if it is not valid. */
  readonly parseValid: (text: string) => DocumentNode | undefined;
  /** Estimated memory of the hot operations. The least recently used ones are dropped first. @default 32 MiB */
  readonly maxBytes?: number;
}

/** Memory of the request counts of operations that are not hot yet. */
const maxCountBytes = 2 * 1024 * 1024;

/** The longest text of a hot operation, in characters. */
const maxTextLength = 16 * 1024;

/**
 * The most selections of a hot operation. The compiler copies a fragment to each place where it is spread, so
 * fragments that spread each other several times would need exponential time and memory.
 */
const maxSelections = 500;

/** Measured memory of a compiled operation, in bytes: a fixed part, and a part for each selection. */
const bytesOfCode = { fixed: 30_000, perSelection: 2000 } as const;

/** Estimated bytes of the entry for an operation that cannot take the fast path. */
const bytesOfUnprepared = 1000;

function bytesOfKey(key: string): number {
  return 200 + 2 * key.length;
}

/**
 * The operations of the fast path.
 *
 * The fast path executes operations that clients send again and again. It parses and validates such an operation once,
 * compiles it to JavaScript if it is a query, and keeps it. It also skips Yoga's request handling. The authentication,
 * the policy checks and the check of the variables run for every request, as in Yoga.
 *
 * A request takes the fast path if all of the following hold; Yoga answers every other request:
 * - It is a POST of at most 16 KiB of JSON, which holds only an operation (`query` or `documentId`) and its variables.
 * - Its operation is hot: `hotAfter` requests for the same text and operation name came before.
 * - Its operation is a query or a mutation, and is within the limits of length and selections below.
 * - Its document has no directives and no name that every JavaScript object has, because compiled code would treat
 *   these differently from graphql-js.
 *
 * The fast path writes only successful responses. If the execution has errors, Yoga formats the result, and does not
 * execute the operation again. `FAST_PATH=off` switches the fast path off: it sets `hotAfter` to Infinity.
 */
export class HotOperations {
  readonly #options: HotOperationsOptions;
  readonly #requestCounts = new LRUCache<string, number>({
    maxSize: maxCountBytes,
    sizeCalculation: (_count, key) => bytesOfKey(key),
  });
  readonly #entries: LRUCache<string, HotEntry>;

  constructor(options: HotOperationsOptions) {
    this.#options = options;
    this.#entries = new LRUCache({
      maxSize: options.maxBytes ?? 32 * 1024 * 1024,
      sizeCalculation: ({ bytes }, key) => bytes + bytesOfKey(key),
    });
  }

  /** The number of operations that are kept. */
  get count(): number {
    return this.#entries.size;
  }

  /** Estimated bytes of the operations that are kept. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /**
   * Counts a request for an operation, and finds the operation if it is hot.
   * @param operationName the operation to run; undefined if the document has only one
   * @returns undefined if the operation is not hot, or cannot take the fast path
   */
  find(text: string, operationName: string | undefined): HotOperation | undefined {
    // NUL cannot occur in a document, so keys are unambiguous.
    const key = operationName === undefined ? text : `${text}\0${operationName}`;
    return (this.#entries.get(key) ?? this.#add(key, text, operationName))?.operation;
  }

  #add(key: string, text: string, operationName: string | undefined): HotEntry | undefined {
    const { schema, hotAfter, parseValid } = this.#options;
    if (key.length > maxTextLength) return undefined;
    const requests = this.#requestCounts.get(key) ?? 0;
    if (requests < hotAfter) {
      this.#requestCounts.set(key, requests + 1);
      return undefined;
    }
    this.#requestCounts.delete(key);
    const document = parseValid(text);
    // An unknown operation name is not kept, because callers could send any number of them.
    if (document === undefined || getOperationAST(document, operationName) == null) return undefined;
    const entry = createEntry(schema, document, operationName);
    this.#entries.set(key, entry);
    return entry;
  }
}

interface HotEntry {
  /** Undefined if the operation cannot take the fast path. */
  readonly operation: HotOperation | undefined;
  /** Estimated memory. */
  readonly bytes: number;
}

function createEntry(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotEntry {
  const { selections } = largestSizes(document);
  const operation =
    selections > maxSelections || hasUnsupportedSyntax(document)
      ? undefined
      : prepareOperation(schema, document, operationName);
  if (operation === undefined) return { operation, bytes: bytesOfUnprepared };
  const bytes = bytesOfDocument(document) + bytesOfCode.fixed + bytesOfCode.perSelection * selections;
  return { operation, bytes };
}

/** How operations of each type are prepared. Yoga runs all subscriptions. */
const preparations = {
  query: compiledOperation,
  mutation: interpretedOperation,
  subscription: () => undefined,
} as const satisfies Record<OperationTypeNode, unknown>;

function prepareOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotOperation | undefined {
  const operation = getOperationAST(document, operationName);
  return operation == null ? undefined : preparations[operation.operation](schema, document, operationName);
}

/**
 * Whether compiled code could give another response than graphql-js. That is so for names of `Object.prototype`, such
 * as `__proto__`, and for directives, which may change the order of fields from fragments.
 */
function hasUnsupportedSyntax(document: DocumentNode): boolean {
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
