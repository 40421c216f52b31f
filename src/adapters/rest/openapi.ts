import { restPathOf, type Operation } from '../../lean/operations.ts';
import { scopeOf, scopes } from '../../access/caller.ts';
import { parameterShape } from '../../operations/parameter-shape.ts';

export interface OpenApiOptions {
  /** Whether a payout needs an idempotency key. */
  readonly requireKey: boolean;
  /** Whether callers need an access token. */
  readonly requiresToken: boolean;
}

/** Builds the OpenAPI 3.1 document of the REST routes from the operations. */
export function openApiDocument(operations: readonly Operation[], options: OpenApiOptions): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations)
    (paths[restPathOf(operation)] ??= {})[operation.method.toLowerCase()] = operationObject(
      operation,
      options,
    );
  return {
    openapi: '3.1.0',
    info: {
      title: "Lean's payouts",
      version: '1',
      description:
        "Lean's own payouts operations, with the checks and deadlines of this gateway, and with payouts that are made " +
        "at most once. Lean's answers are passed on byte for byte. The gateway's own errors are problem details.",
      contact: { name: 'The operator of this gateway' },
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [payouts],
    // Linters report a missing `security` as forgotten.
    ...(!options.requiresToken && { security: [] }),
    paths,
    components: {
      schemas: { Problem: problemShape },
      ...(options.requiresToken && { securitySchemes: { accessToken } }),
    },
  };
}

const payouts = { name: 'payouts', description: 'Create payouts, and follow them.' };

const accessToken = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description:
    `An access token of the issuer that the gateway trusts, with the scope ${scopes.read} for reads and ` +
    `${scopes.create} for payouts.`,
};

function operationObject(operation: Operation, { requireKey, requiresToken }: OpenApiOptions): object {
  const { name, title, description, parameters, answer } = operation;
  const body = parameters.find(parameter => parameter.in === 'body');
  return {
    operationId: name,
    tags: [payouts.name],
    summary: title,
    description,
    // Linters accept scopes only for OAuth 2 flows, which only the issuer defines. The 403 response names the scope.
    ...(requiresToken && { security: [{ accessToken: [] }] }),
    parameters: parameters
      .filter(parameter => parameter.in !== 'body')
      .map(parameter => ({
        name: parameter.name,
        in: parameter.in,
        required: parameter.required || (parameter.type === 'key' && requireKey),
        description: parameter.description,
        schema: parameterShape(parameter),
      })),
    ...(body !== undefined && {
      requestBody: {
        required: body.required,
        description: body.description,
        content: { 'application/json': { schema: parameterShape(body) } },
      },
    }),
    responses: {
      '200': { description: "Lean's answer.", content: { 'application/json': { schema: answer } } },
      '400': problem('A parameter is not accepted; `problems` names each.'),
      ...(requiresToken && {
        '401': problem('The access token is missing or not valid.'),
        '403': problem(
          `The access token lacks the scope ${scopeOf(operation)}, or Lean refused the request.`,
        ),
      }),
      '429': problem(
        "The caller has exceeded its rate limit per minute, or Lean's own rate limit is exceeded.",
      ),
      '4XX': { description: "Lean's own refusal, passed on unchanged, or problem details of the gateway." },
      '503': problem('Nothing reached Lean; the same request may be sent again.'),
      '504': problem(
        operation.hints.readOnly
          ? 'Lean did not answer in time.'
          : 'Lean may or may not have accepted the payout: never use another key. Send the same body with the same ' +
              'idempotency-key again after retry-after, unless `reason` says that an operator must decide.',
      ),
      '5XX': problem('Lean cannot be reached or gave no usable answer.'),
    },
  };
}

function problem(description: string): object {
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

const problemShape = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', description: 'Always about:blank; see code.' },
    title: { type: 'string', description: 'The status in words.' },
    status: { type: 'integer', description: 'The HTTP status.' },
    code: {
      type: 'string',
      description: 'The error code, for programs, such as BAD_USER_INPUT or LEAN_TIMEOUT.',
    },
    detail: { type: 'string', description: 'The error message, for people.' },
    problems: {
      type: 'array',
      description: 'Each part of the request that is not accepted.',
      items: {
        type: 'object',
        required: ['parameter', 'problem'],
        properties: {
          parameter: {
            type: 'string',
            description: 'The name of the parameter, or its path within the body.',
          },
          problem: { type: 'string', description: 'What is wrong, and what is accepted.' },
        },
      },
    },
    idempotencyKey: { type: 'string', description: 'The key to send again.' },
    reason: {
      type: 'string',
      description:
        'Why it is unknown whether Lean has accepted a payout: WAITING, or UNCLEAR or OPERATOR if an operator must decide.',
    },
    retryable: { type: 'boolean', description: 'True if the same request may succeed later.' },
    retryAfterSeconds: {
      type: 'integer',
      description: 'The time after which the request may be repeated, in seconds.',
    },
    resendAt: {
      type: ['string', 'null'],
      format: 'date-time',
      description:
        'If the key is repeated after this time and Lean does not have the payout, the gateway sends it again. Null if it is never sent again without a decision of an operator.',
    },
    leanCode: { type: 'string', description: "Lean's error code, if Lean has refused the payout." },
    lean: {
      type: 'object',
      additionalProperties: true,
      description: "Details of a failure at Lean: status, code, and ids for Lean's support.",
    },
  },
};
