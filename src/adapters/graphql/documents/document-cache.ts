import { visit, type DocumentNode, type Token } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Measured memory of a parsed document, in bytes per token. */
const bytesPerToken = 400;

/** Estimated bytes of a parsed document and its text. */
export function bytesOfDocument(document: DocumentNode): number {
  const { loc } = document;
  if (loc === undefined) return Math.max(unlocatedBytes, nodesIn(document) * bytesPerNode);
  let tokens = 0;
  for (let token: Token | null = loc.startToken; token !== null; token = token.next) tokens += 1;
  return 2 * loc.source.body.length + tokens * bytesPerToken;
}

/** Estimated bytes of a document that was parsed without locations, and that has the most tokens a caller may send. */
const unlocatedBytes = 500_000;

/**
 * Measured memory of a document that was parsed without locations, in bytes per node. Only documents of the router may be
 * larger than `unlocatedBytes`.
 */
const bytesPerNode = 200;

function nodesIn(document: DocumentNode): number {
  let nodes = 0;
  visit(document, {
    enter() {
      nodes += 1;
    },
  });
  return nodes;
}

/**
 * The caches of parsed documents and of parse errors. Each is limited by estimated bytes and drops the least recently
 * used entry.
 */
export function documentCaches(maxBytes = 16 * 1024 * 1024) {
  return {
    documentCache: new LRUCache<string, DocumentNode>({
      maxSize: maxBytes,
      sizeCalculation: (document, text) =>
        bytesOfDocument(document) + (document.loc === undefined ? 2 * text.length : 0),
    }),
    errorCache: new LRUCache<string, Error>({
      maxSize: maxBytes / 4,
      sizeCalculation: (_error, text) => 4 * text.length + bytesOfError,
    }),
  };
}

/** Estimated memory of an error with its stack. */
const bytesOfError = 4000;
