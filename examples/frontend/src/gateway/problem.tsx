import type { ErrorLike } from '@apollo/client';

/** Says that something could not be read, and offers to try again. */
export function Problem({ error, onRetry }: { readonly error: ErrorLike; readonly onRetry: () => void }) {
  return (
    <div role="alert" className="notice bad">
      <p>Some of this could not be read: {error.message}</p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
