import { graphErrors, operationErrors } from '../src/errors/error-codes.ts';

type Entries = Readonly<
  Record<
    string,
    {
      readonly httpStatus: number;
      readonly retryable: boolean | null;
      readonly meaning: string;
      readonly advice: string;
    }
  >
>;

const introduction = `# Errors

Every error of GraphQL has a code in \`extensions.code\`. REST answers with problem details (RFC 9457) that have the same
\`code\`, and the tools of MCP name it in their sentence.

- **\`createPayout\` answers most problems with a type and not with an error**: \`PayoutRejected\` and
  \`PayoutOutcomeUnknown\`. An error with one of these codes in place of an answer means that this request sent nothing, or
  that Lean turned the gateway away (\`LEAN_UNAUTHORIZED\`, \`LEAN_RATE_LIMITED\`). Send the same input with the same key
  again. \`INTERNAL_SERVER_ERROR\`, an error with a code that is not listed here (of a router or a proxy), and no answer at
  all mean that the outcome is unknown: send the same input with the same key, and never pay under another one.
- Errors from Lean have \`extensions.lean\` (REST: \`lean\`) with \`httpStatus\`, Lean's own \`code\`, the \`correlationId\` and
  \`traceId\` for Lean's support, and whether the request is \`retryable\`.
- Messages are for people, and may change. Codes stay.
`;

/** docs/errors.md: what each error code means, read off the registry. */
export function errorsPage(): string {
  return `${introduction}
## In GraphQL, and on every other surface

${tableOf(graphErrors)}
The HTTP status is that of REST, and of GraphQL when nothing was executed. A failure of Lean's before anything was sent
is 503 on REST.

## On REST and MCP only

${tableOf(operationErrors)}`;
}

function tableOf(errors: Entries): string {
  const rows = Object.entries(errors).map(
    ([code, { httpStatus, retryable, meaning, advice }]) =>
      `| \`${code}\` | ${String(httpStatus)} | ${retryable === null ? 'it says' : retryable ? 'yes' : 'no'} | ${meaning} | ${advice} |`,
  );
  return [
    '| code | HTTP | try again | meaning | what to do |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
