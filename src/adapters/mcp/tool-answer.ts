import type { CallToolResult } from '@modelcontextprotocol/server';
import { LeanAnswer } from '../../lean/answer.ts';
import type { PayoutOutcomeUnknown } from '../../payouts/creation/creation-answer.ts';
import { problemOf } from '../rest/problem.ts';
import { codeOfStatus } from '../observability/request-report.ts';
import type { OperationOutcome } from '../../operations/operation-calls.ts';

/**
 * An outcome as a model reads it. Lean's answer is there to the letter as text, and as structured content, whose
 * numbers are those of JSON readers. What went wrong is a sentence of ours that says what happened and what to do
 * next; Lean's own prose, which may be anybody's, is not repeated.
 * @param argumentOf names of the tool's arguments by those of the parameters
 */
export function toolAnswer(
  outcome: OperationOutcome,
  argumentOf: Readonly<Record<string, string>>,
): CallToolResult {
  if (outcome.kind !== 'lean') return failure(sentenceOf(outcome, argumentOf));
  const { status, body } = outcome.response;
  const text = body.toString();
  if (status < 200 || status >= 300) return failure(refusalSentence(status, text));
  return {
    content: [{ type: 'text', text }],
    structuredContent: JSON.parse(text) as Record<string, unknown>,
    // Where it was made up for the caller, this is how they learn of it.
    ...(outcome.idempotencyKey !== undefined && { _meta: { idempotencyKey: outcome.idempotencyKey } }),
  };
}

/** What came of a call, in the codes that errors have. */
export function outcomeCode(outcome: OperationOutcome): string {
  return outcome.kind === 'lean' ? codeOfStatus(outcome.response.status) : problemOf(outcome).code;
}

function failure(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}

function sentenceOf(
  outcome: Exclude<OperationOutcome, { kind: 'lean' }>,
  argumentOf: Readonly<Record<string, string>>,
): string {
  switch (outcome.kind) {
    case 'invalid': {
      // Problems may name other parameters, too.
      const inArguments = (text: string): string =>
        Object.entries(argumentOf).reduce((said, [name, argument]) => said.replaceAll(name, argument), text);
      const problems = outcome.problems.map(({ parameter, problem }) =>
        inArguments(`${parameter} ${problem}`),
      );
      return `Nothing was done. ${problems.join(' ')} Correct this and call again.`;
    }
    case 'conflict':
    case 'refused':
      return outcome.rejected.message;
    case 'denied':
      return outcome.error.code === 'FORBIDDEN'
        ? `${outcome.error.message} Nothing was done; only whoever gave you access can change that.`
        : outcome.error.message;
    case 'similar': {
      const key = JSON.stringify(outcome.error.similarUnknownKey);
      return (
        `Nothing was done. A payout with the same account, destination, amount and description was asked for with ` +
        `idempotency_key ${key}, and it is unknown whether that one is paid. Do not create another payout. Call with the ` +
        `original body and idempotency_key ${key} to learn how that one stands, and tell the user.`
      );
    }
    case 'unknown':
      return unknownSentence(outcome.unknown);
    case 'failed': {
      const { error } = outcome;
      // An earlier call with the same key may have paid all the same.
      if (outcome.idempotencyKey !== undefined)
        return `${error.message} (${error.code}) This call paid nothing. Call again in a moment, with the same body and idempotency_key ${JSON.stringify(outcome.idempotencyKey)}.`;
      return `${error.message} (${error.code}) Nothing was changed; try again in a moment.`;
    }
  }
}

function unknownSentence({
  idempotencyKey,
  reason,
  retryAfterSeconds,
  resendAt,
}: PayoutOutcomeUnknown): string {
  const beginning = 'It is unknown whether it is paid: do not create another payout or use another key.';
  if (reason !== 'WAITING')
    return `${beginning} An operator must decide what became of it; do not repeat this call. Tell the user.`;
  const again =
    resendAt === null ? '' : ` From ${resendAt} on it is sent again if Lean still has nothing of it.`;
  return (
    `${beginning} Call again with the same body and idempotency_key ${JSON.stringify(idempotencyKey)} after ` +
    `${String(retryAfterSeconds)} seconds.${again} Tell the user.`
  );
}

function refusalSentence(status: number, text: string): string {
  const code = new LeanAnswer({ status, headers: {}, body: Buffer.from(text) }).errorCode();
  const said = `Lean said no: HTTP ${String(status)}${code === undefined ? '' : `, ${code}`}.`;
  if (status === 404) return `${said} There is nothing by this id; check it, and which kind of id is wanted.`;
  if (status === 401 || status === 403)
    return `${said} Lean refused the gateway itself; only whoever runs it can change that.`;
  if (status === 429) return `${said} Wait before you try again.`;
  if (status >= 500) return `${said} Lean has a fault of its own; try again in a moment.`;
  return `${said} Nothing was done. The same call would be refused again. A corrected payout needs a new idempotency_key; or tell the user.`;
}
