import type { DocumentNode, ExecutionResult } from 'graphql';

/** An operation of a document that was parsed, validated and prepared for execution. */
export interface HotOperation {
  readonly document: DocumentNode;
  /**
   * Reads the variables of one request. It executes nothing.
   * @throws GraphQLError if a variable cannot be read
   */
  prepare(variables: Readonly<Record<string, unknown>>): Execute;
}

/** Executes the operation with the variables that were read. */
export type Execute = (contextValue: unknown) => Promise<ExecutionResult> | ExecutionResult;
