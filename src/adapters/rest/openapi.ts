import { restPathOf, type Operation } from '../../lean/operations.ts';
import { scopeOf } from '../../access/caller.ts';
import { parameterShape } from '../../operations/parameter-shape.ts';

export interface OpenApiOptions {
  /** Whether a payout needs an idempotency key. */
  readonly requireKey: boolean;
  /** Whether callers need an access token. */
  readonly wantsToken: boolean;
}

/** OpenAPI 3.1 of the REST routes, read off the table of operations. */
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
        "Lean's own payouts operations, behind the rules of this gateway: checks, deadlines, and payouts that are made " +
        "at most once. Lean's answers come as Lean gives them, byte for byte; what the gateway itself has to say comes " +
        'as problem details.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: problemShape },
      ...(options.wantsToken && { securitySchemes: { accessToken } }),
    },
  };
}

const accessToken = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'An access token of the issuer that the gateway trusts.',
};

function operationObject(operation: Operation, { requireKey, wantsToken }: OpenApiOptions): object {
  const { name, title, description, parameters, answer } = operation;
  const body = parameters.find(parameter => parameter.in === 'body');
  return {
    operationId: name,
    summary: title,
    description,
    ...(wantsToken && { security: [{ accessToken: [scopeOf(operation)] }] }),
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
        content: { 'application/json': { schema: body.shape ?? { type: 'object' } } },
      },
    }),
    responses: {
      '200': { description: "Lean's answer.", content: { 'application/json': { schema: answer } } },
      '400': problem('A parameter is not accepted; `problems` names each.'),
      ...(wantsToken && {
        '401': problem('No access token, or one that is not good.'),
        '403': problem(`The access token lacks the scope ${scopeOf(operation)}; or Lean's own refusal.`),
      }),
      '429': problem("The caller has used up what it may ask for in a minute; or Lean's own refusal."),
      '4XX': { description: 'A refusal: Lean’s own, as it came, or problem details of the gateway.' },
      '503': problem('Nothing reached Lean; the same request may be sent again.'),
      '504': problem(
        operation.hints.readOnly
          ? 'Lean did not answer in time.'
          : 'Lean may or may not have taken it: never use another key. Send the same body with the same ' +
              'idempotency-key again after retry-after, unless `reason` says that a person must decide.',
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
      description: 'What it is, for programs, such as BAD_USER_INPUT or LEAN_TIMEOUT.',
    },
    detail: { type: 'string', description: 'What it is, for people.' },
    problems: {
      type: 'array',
      description: 'Each part of the request that is not accepted.',
      items: {
        type: 'object',
        required: ['parameter', 'problem'],
        properties: {
          parameter: { type: 'string', description: 'Its name, or its path within the body.' },
          problem: { type: 'string', description: 'What is wrong, and what is accepted.' },
        },
      },
    },
    idempotencyKey: { type: 'string', description: 'The key to send again.' },
    reason: {
      type: 'string',
      description:
        'Why it is unknown whether Lean has taken a payout: WAITING, or UNCLEAR or OPERATOR where a person must decide.',
    },
    retryAfterSeconds: { type: 'integer', description: 'When it is worth asking again.' },
    resendAt: {
      type: ['string', 'null'],
      format: 'date-time',
      description:
        'The payout may be sent again from this time on, when the key is repeated and Lean does not have it. Null where it is not sent again without a person.',
    },
    leanCode: { type: 'string', description: "Lean's code, where Lean has refused the payout." },
    lean: {
      type: 'object',
      description: 'What is known of a failure at Lean: status, code, ids for its support.',
    },
  },
};
