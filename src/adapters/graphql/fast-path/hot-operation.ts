import type { DocumentNode, ExecutionResult } from 'graphql';

/** An operation of a document that is known: all that its text alone tells has been done. */
export interface HotOperation {
  readonly document: DocumentNode;
  /**
   * Reads what a caller has sent for it; nothing is done yet.
   * @throws GraphQLError when it cannot be read
   */
  prepared(variables: Readonly<Record<string, unknown>>): Execute;
}

export type Execute = (contextValue: unknown) => Promise<ExecutionResult> | ExecutionResult;
