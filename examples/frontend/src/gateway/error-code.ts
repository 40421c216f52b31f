import { CombinedGraphQLErrors, type ErrorLike } from '@apollo/client';

/** The codes in an error of Apollo Client; none if the gateway did not answer. */
export function codesOf(error: ErrorLike): readonly string[] {
  return extensionsOf(error).flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
}

/** The paths of the values that the gateway could not read, such as `input.amount.amount`. */
export function wrongArgumentsOf(error: ErrorLike): readonly string[] {
  return extensionsOf(error).flatMap(({ argument }) => (typeof argument === 'string' ? [argument] : []));
}

function extensionsOf(error: ErrorLike): readonly Readonly<Record<string, unknown>>[] {
  return CombinedGraphQLErrors.is(error) ? error.errors.map(({ extensions = {} }) => extensions) : [];
}
