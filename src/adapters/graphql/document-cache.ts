import type { DocumentNode, Token } from 'graphql';
import { LRUCache } from 'lru-cache';

/** What a parsed document takes for each of its tokens, as measured. */
const bytesPerToken = 400;

/** Estimated bytes of a parsed document, with its text. */
export function bytesOfDocument({ loc }: DocumentNode): number {
  if (loc === undefined) return unlocatedBytes;
  let tokens = 0;
  for (let token: Token | null = loc.startToken; token !== null; token = token.next) tokens += 1;
  return 2 * loc.source.body.length + tokens * bytesPerToken;
}

/** Of one that was parsed without the places of its nodes: of very many lines, and as many tokens as it may have. */
const unlocatedBytes = 500_000;

/**
 * Where Yoga keeps parsed documents, and why others cannot be parsed, by their texts. Each has a bound in estimated
 * bytes, and forgets what was asked for longest ago.
 */
export function documentCaches(maxBytes = 16 * 1024 * 1024) {
  return {
    documentCache: new LRUCache<string, DocumentNode>({
      maxSize: maxBytes,
      sizeCalculation: (document, text) => 2 * text.length + bytesOfDocument(document),
    }),
    errorCache: new LRUCache<string, Error>({
      maxSize: maxBytes / 4,
      sizeCalculation: (_error, text) => 4 * text.length + bytesOfError,
    }),
    validationCache: true,
  } as const;
}

/** Of an error with its stack. */
const bytesOfError = 4000;
