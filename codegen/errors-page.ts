import { graphErrors, operationErrors, type ErrorDescription } from '../src/errors/error-codes.ts';

type Entries = Readonly<Record<string, ErrorDescription>>;

const introduction = `# Errors

Every GraphQL error has a code in \`extensions.code\`. REST responds with problem details (RFC 9457) that have the same
\`code\`. MCP tools respond with a sentence, and with the code in \`_meta\` unless Lean itself has answered.

- **\`createPayout\` reports most problems in its result and not as an error**: \`PayoutRejected\` and
  \`PayoutOutcomeUnknown\`. If an error replaces the result, its code shows whether anything was sent:
  - With one of these codes, except \`INTERNAL_SERVER_ERROR\`, this request sent nothing, or Lean refused the gateway itself
    (\`LEAN_UNAUTHORIZED\`, \`LEAN_RATE_LIMITED\`). Send the same input with the same key again.
  - With \`INTERNAL_SERVER_ERROR\`, with a code that is not listed here (of a router or a proxy), and without any
    response, the outcome is unknown. Send the same input with the same key, and never pay under another one.
- Errors of calls to Lean have \`extensions.lean\` (REST: \`lean\`) with \`retryable\` and, as far as they are
  known, \`httpStatus\`, Lean's own \`code\`, and the \`correlationId\` and \`traceId\` for Lean's support.
- If the same request may succeed later, \`extensions.retryable\` is true, and \`extensions.retryAfterSeconds\` says how many
  seconds to wait first. Problem details have the same two members.
- Messages are for people, and may change. Codes do not change.
`;

/** Builds docs/errors.md from the registry of error codes. */
export function errorsPage(): string {
  return `${introduction}
## On all surfaces

${tableOf(graphErrors)}
On REST, the column HTTP is the status of the problem details, with two exceptions: it is 503 if the gateway could not send a
request to Lean, and \`BAD_USER_INPUT\` may have the more precise status 403, 404, 405, 413 or 415. Lean's own responses, including
refusals, keep Lean's status. GraphQL uses the column only if nothing was executed. With
\`accept: application/json\` it responds 200 even to an invalid or too expensive document and to wrong variables, as GraphQL
over HTTP recommends.

## Only on REST and MCP

REST has these codes in problem details, and MCP in \`_meta\`, unless Lean itself has answered. A payout whose input is wrong
is \`BAD_USER_INPUT\` there, where GraphQL has \`PayoutRejected\` with \`INVALID_INPUT\`: nothing was sent, so correct the input,
and use the same key.

${tableOf(operationErrors)}`;
}

function tableOf(errors: Entries): string {
  const rows = Object.entries(errors).map(
    ([code, { httpStatus, retryable, meaning, advice }]) =>
      `| \`${code}\` | ${String(httpStatus)} | ${retryable === null ? 'see `retryable`' : retryable ? 'yes' : 'no'} | ${meaning} | ${advice} |`,
  );
  return [
    '| code | HTTP | try again | meaning | what to do |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
