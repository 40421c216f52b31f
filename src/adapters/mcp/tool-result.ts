import type { CallToolResult } from '@modelcontextprotocol/server';
import { parseWithFloats } from '../../json/lean-json.ts';
import { LeanAnswer } from '../../lean/answer.ts';
import type { PayoutOutcomeUnknown, PayoutRejected } from '../../payouts/creation/creation-answer.ts';
import { problemOf, type Problem } from '../rest/problem.ts';
import { codeOfStatus } from '../observability/request-report.ts';
import type { OperationOutcome } from '../../operations/operation-calls.ts';

/**
 * Converts the outcome of an operation to a tool result for a model. On success it contains Lean's JSON twice: byte for
 * byte as text, and as structured content, in which numbers have the precision of JavaScript. A failure is a sentence
 * for the model: what happened, and what to do next. For programs, `_meta` has its code, and whether and when to call
 * again, unless the failure is Lean's own answer. A failure never repeats Lean's own messages, because third parties may
 * have written parts of them.
 * @param argumentNames the names of the tool's arguments, by parameter name
 */
export function toolResult(
  outcome: OperationOutcome,
  argumentNames: Readonly<Record<string, string>>,
): CallToolResult {
  if (outcome.kind !== 'lean') {
    const problem = problemOf(outcome);
    const { code, retryable, retryAfterSeconds, reason } = problem;
    const facts = { code, ...(retryable === true && { retryable, retryAfterSeconds }), reason };
    return { ...failure(failureMessage(outcome, problem, argumentNames)), _meta: facts };
  }
  const { status, body } = outcome.response;
  const { created, rejected } = outcome.creation ?? { created: 0, rejected: [] };
  const text = body.toString();
  if (status < 200 || status >= 300)
    return failure(
      rejected[0]?.code === 'IDEMPOTENCY_CONFLICT'
        ? conflictMessage(rejected[0])
        : `${leanErrorSentence(status, text)} ${leanErrorAdvice(outcome)}`,
    );
  const content = [{ type: 'text' as const, text }];
  // Without structured content, because some clients show a model nothing else.
  if (rejected.length > 0 && created === 0)
    return { isError: true, content: [{ type: 'text', text: allFailedMessage(rejected) }, ...content] };
  if (rejected.length > 0) content.unshift({ type: 'text', text: someFailedMessage(rejected) });
  return {
    content,
    structuredContent: parseWithFloats(text) as Record<string, unknown>,
    // Tells the caller the key, which the gateway may have generated.
    ...(outcome.idempotencyKey !== undefined && { _meta: { idempotencyKey: outcome.idempotencyKey } }),
  };
}

/** The outcome of a call for logs and metrics: `ok` or an error code. */
export function outcomeCode(outcome: OperationOutcome): string {
  if (outcome.kind !== 'lean') return problemOf(outcome).code;
  const { created, rejected } = outcome.creation ?? { created: 0, rejected: [] };
  const code = codeOfStatus(outcome.response.status);
  return code === 'ok' && created === 0 ? (rejected[0]?.code ?? code) : code;
}

function failure(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}

function failureMessage(
  outcome: Exclude<OperationOutcome, { kind: 'lean' }>,
  problem: Problem,
  argumentNames: Readonly<Record<string, string>>,
): string {
  switch (outcome.kind) {
    case 'invalid': {
      // A problem may also mention parameters other than its own, so all parameter names are replaced.
      const withArgumentNames = (text: string): string =>
        Object.entries(argumentNames).reduce(
          (replaced, [parameter, argument]) => replaced.replaceAll(parameter, argument),
          text,
        );
      const problems = outcome.problems.map(({ parameter, problem, inBody = false }) =>
        inBody ? `body.${parameter} ${problem}` : withArgumentNames(`${parameter} ${problem}`),
      );
      return invalidArgumentsMessage(problems);
    }
    case 'conflict':
      return conflictMessage(outcome.rejected);
    case 'refused':
      return outcome.rejected.message;
    case 'denied':
      return outcome.error.code === 'FORBIDDEN'
        ? `${outcome.error.message} Nothing was done. Only the person who gave you access can change that.`
        : outcome.error.message;
    case 'similar': {
      const key = JSON.stringify(outcome.error.similarUnknownKey);
      return (
        `Nothing was done. A payout with the same account, destination, amount and description was requested with ` +
        `idempotency_key ${key}, and it is unknown whether that payout is paid. Do not create another payout. Call with ` +
        `the original body and idempotency_key ${key} to get the outcome of that payout, and tell the user.`
      );
    }
    case 'unknown':
      return unknownOutcomeMessage(outcome.unknown);
    case 'failed': {
      const { error, idempotencyKey } = outcome;
      // The message says `This call`, because an earlier call with the same key may have paid.
      const effect = idempotencyKey === undefined ? 'Nothing was changed.' : 'This call paid nothing.';
      return `${error.message} (${error.code}) ${effect} ${nextStep(problem, idempotencyKey)}`;
    }
  }
}

/**
 * Tells a model what to do next. Lean, the store or the gateway has failed, and not the input of the model. For a
 * payout it always names the key, because the payout could be made twice under another one.
 */
function nextStep(
  { code, retryable, retryAfterSeconds }: Pick<Partial<Problem>, 'code' | 'retryable' | 'retryAfterSeconds'>,
  idempotencyKey: string | undefined,
): string {
  const key = idempotencyKey === undefined ? undefined : JSON.stringify(idempotencyKey);
  if (retryable === true) {
    const seconds = retryAfterSeconds === 1 ? 'a second' : `${String(retryAfterSeconds)} seconds`;
    const same = key === undefined ? '' : `, with the same body and idempotency_key ${key}`;
    return `Call again after ${seconds}${same}.`;
  }
  const advice =
    code === 'LEAN_UNAUTHORIZED'
      ? 'Only the operator of the gateway can change that. Tell the user.'
      : 'The same call would probably fail again. Tell the user.';
  return key === undefined
    ? advice
    : `${advice} For this payout, use no other key than idempotency_key ${key}.`;
}

/** A model repeats the call. If it took another key for that, the payout could be made twice. */
function conflictMessage({ idempotencyKey }: PayoutRejected): string {
  const key = JSON.stringify(idempotencyKey);
  return (
    `idempotency_key ${key} was used before with another body. This call paid nothing, but the earlier one may have. ` +
    `To get its outcome, call with the original body and idempotency_key ${key}. Do not use another key for the same ` +
    'payout. If the user wants a payout in addition to that one, give it its own key. Otherwise tell the user.'
  );
}

const notPaidAdvice =
  'The same call would get the same answer. To pay a corrected payout, use a new idempotency_key. Otherwise tell the user.';

/** The message for a response in which Lean has failed every transfer. Lean's JSON follows it. */
function allFailedMessage(rejected: readonly PayoutRejected[]): string {
  const [first] = rejected;
  const what =
    rejected.length === 1 && first !== undefined
      ? first.message
      : `Lean failed all ${String(rejected.length)} payouts at once. Nothing was paid.`;
  return `${what} ${notPaidAdvice} Lean's answer follows.`;
}

/** The message for a response in which Lean has accepted some transfers and failed others. Lean's JSON follows it. */
function someFailedMessage(rejected: readonly PayoutRejected[]): string {
  const failed = rejected.map(({ transferIndex, leanCode }) => {
    const transfer = `transfer ${String(transferIndex)}`;
    return leanCode === null ? transfer : `${transfer} (${leanCode})`;
  });
  return (
    `Lean failed these payouts at once, and they are not paid: ${failed.join(', ')}, counted from 0 in the order of your ` +
    'call. The others are accepted. To pay a corrected payout, call with it alone and a new idempotency_key. Otherwise ' +
    "tell the user. Lean's answer follows, and may have another order."
  );
}

function invalidArgumentsMessage(problems: readonly string[]): string {
  return `Nothing was done. ${problems.join(' ')} Correct this and call again.`;
}

/** The result for an argument that has the parameter's name on another surface, such as `idempotency-key`. */
export function unknownArgument(
  name: string,
  argumentNames: Readonly<Record<string, string>>,
): CallToolResult {
  const accepted = Object.values(argumentNames).join(', ');
  const message = invalidArgumentsMessage([`${name} is not known; accepted: ${accepted}.`]);
  return { ...failure(message), _meta: { code: 'BAD_USER_INPUT' } };
}

/** `message` names Lean's code, if Lean has refused the payout. */
function unknownOutcomeMessage({
  message,
  idempotencyKey,
  reason,
  retryAfterSeconds,
}: PayoutOutcomeUnknown): string {
  const repeat =
    reason === 'WAITING'
      ? ` Call again with the same body and idempotency_key ${JSON.stringify(idempotencyKey)} after ` +
        `${String(retryAfterSeconds)} seconds.`
      : '';
  return (
    `It is unknown whether it is paid: do not create another payout or use another key. ${message}${repeat} ` +
    'Tell the user.'
  );
}

function leanErrorSentence(status: number, text: string): string {
  const code = new LeanAnswer({ status, headers: {}, body: Buffer.from(text) }).errorCode();
  return `Lean answered with an error: HTTP ${String(status)}${code === undefined ? '' : `, ${code}`}.`;
}

/** The next step after an error response of Lean's. Its status alone never decides what is said about a payout. */
function leanErrorAdvice(outcome: OperationOutcome & { readonly kind: 'lean' }): string {
  const { response, creation, idempotencyKey, retryAfterSeconds } = outcome;
  const { status } = response;
  // Lean has refused the payout for good.
  if (creation !== undefined) return `Nothing was paid. ${notPaidAdvice}`;
  if (idempotencyKey !== undefined)
    // Lean has refused the gateway's requests for now, and not the payout.
    return `This call paid nothing. ${nextStep({ retryable: true, retryAfterSeconds: retryAfterSeconds ?? 5 }, idempotencyKey)}`;
  if (status === 404)
    return 'Lean has nothing with this id. Check the id, and which kind of id this tool needs.';
  if (status === 429) return 'Wait before you try again.';
  if (status >= 500 || status === 408) return 'This is a fault at Lean; try again in a moment.';
  return 'The same call would be refused again. Correct the arguments, or tell the user.';
}
