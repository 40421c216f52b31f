import { getOperationAST, type DocumentNode, type GraphQLSchema, type OperationTypeNode } from 'graphql';
import { DocumentSizes } from './document-sizes.ts';
import { compiledOperation } from './compiled-operation.ts';
import { interpretedOperation } from './interpreted-operation.ts';
import type { KnownOperation } from './known-operation.ts';

export interface KnownDocumentsOptions {
  readonly schema: GraphQLSchema;
  /** How often a document must have been asked for before its operations are made ready, which costs some ms. */
  readonly knownAfter: number;
  /** The document that a text is, if it may be run; undefined for any other. */
  readonly validated: (text: string) => DocumentNode | undefined;
}

/** Documents that are kept; when there are more, the oldest goes, and is made ready again if it is asked for. */
const mostKnown = 200;

/** Documents that are being counted. */
const mostCounted = 1000;

/** Longer ones are nobody's everyday question, and take room. */
const longestText = 16 * 1024;

/**
 * Of larger ones the code would be too large. The compiler writes each fragment out wherever it is spread: of fragments
 * that double each other it would never come to an end.
 */
const mostSelections = 500;

/** The operations that are asked for again and again: all that depends on their text alone is done once. */
export class KnownDocuments {
  readonly #options: KnownDocumentsOptions;
  readonly #uses = new Map<string, number>();
  /** The oldest first. */
  readonly #known = new Map<string, KnownDocument>();

  constructor(options: KnownDocumentsOptions) {
    this.#options = options;
  }

  /**
   * @param operationName which of the document's operations; undefined where there is one
   * @returns undefined where it has not been asked for often enough, or cannot be made ready
   */
  find(text: string, operationName: string | undefined): KnownOperation | undefined {
    const known = this.#known.get(text) ?? this.#learn(text);
    if (known === undefined) return undefined;
    return known.operation(operationName);
  }

  #learn(text: string): KnownDocument | undefined {
    const { schema, knownAfter, validated } = this.#options;
    if (text.length > longestText) return undefined;
    const uses = this.#uses.get(text) ?? 0;
    if (uses < knownAfter) {
      if (this.#uses.size >= mostCounted) this.#uses.clear();
      this.#uses.set(text, uses + 1);
      return undefined;
    }
    this.#uses.delete(text);
    const document = validated(text);
    if (document === undefined || new DocumentSizes(document).largest().selections > mostSelections)
      return undefined;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= mostKnown && oldest !== undefined) this.#known.delete(oldest);
    const known = new KnownDocument(schema, document);
    this.#known.set(text, known);
    return known;
  }
}

/** How operations of each kind are made ready; subscriptions are Yoga's. */
const howKnown = {
  query: compiledOperation,
  mutation: interpretedOperation,
  subscription: () => undefined,
} as const satisfies Record<OperationTypeNode, unknown>;

class KnownDocument {
  readonly #schema: GraphQLSchema;
  readonly #document: DocumentNode;
  readonly #operations = new Map<string | undefined, KnownOperation | undefined>();

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema;
    this.#document = document;
  }

  operation(name: string | undefined): KnownOperation | undefined {
    if (this.#operations.has(name)) return this.#operations.get(name);
    const document = this.#document;
    const operation = getOperationAST(document, name);
    // Names that it does not have are not kept: they may be any.
    if (operation == null) return undefined;
    const known = howKnown[operation.operation](this.#schema, document, name);
    this.#operations.set(name, known);
    return known;
  }
}
