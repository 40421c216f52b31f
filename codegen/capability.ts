import { restPathOf, type Operation, type OperationParameter } from '../src/lean/operations.ts';
import { toolsOf } from '../src/adapters/mcp/tools.ts';

/** The namespace of Lean's public capability, so that its users recognize this one. */
const namespace = 'payouts-payments';
const restPort = 8080;
const mcpPort = 9090;

/**
 * Builds an Ikanos capability from the operations. It consumes this gateway's REST routes and not Lean's, so that an
 * Ikanos engine inherits the checks of the gateway.
 */
export function capabilityOf(operations: readonly Operation[]): object {
  return {
    ikanos: '1.0.0-beta5',
    info: {
      display: 'Lean Payouts API: Payouts',
      description:
        'Create outbound payouts through Lean, at most once per idempotency key, list them, and follow each from its ' +
        'intent to its payment.',
      tags: ['Lean', 'Payouts', 'Disbursements'],
    },
    capability: {
      consumes: [
        {
          type: 'http',
          namespace,
          baseUri: `http://lean-payouts-gateway:${String(restPort)}`,
          description: "Lean's payouts behind lean-payouts-gateway, which makes each payout at most once.",
          resources: byResource(operations, operation => ({
            path: restPathOf(operation),
            operations: {
              [operation.name]: {
                method: operation.method,
                description: operation.description,
                outputRawFormat: 'json',
                ...forParameters('inputParameters', operation, parameter => ({ in: parameter.in })),
                outputParameters: { result: { type: 'object', value: '$.' } },
              },
            },
          })),
        },
      ],
      exposes: [
        {
          type: 'rest',
          port: restPort,
          namespace: `${namespace}-rest`,
          resources: byResource(operations, operation => ({
            path: restPathOf(operation),
            operations: {
              [operation.name]: {
                method: operation.method,
                description: operation.description,
                ...forParameters('inputParameters', operation, parameter => ({
                  in: parameter.in,
                  type: typeOf(parameter),
                  description: parameter.description,
                })),
                call: `${namespace}.${operation.name}`,
                ...forParameters('with', operation, ({ in: place, name }) =>
                  place === 'body' ? 'rest.body' : `rest.${place}.${name}`,
                ),
              },
            },
          })),
        },
        {
          type: 'mcp',
          transport: 'http',
          port: mcpPort,
          namespace: `${namespace}-mcp`,
          description: "Lean's payouts as tools.",
          tools: Object.fromEntries(
            toolsOf(operations, { writes: true, requireKey: true }).map(
              ({ tool, operation, argumentNames }) => [
                tool.name,
                {
                  description: tool.description,
                  hints: operation.hints,
                  ...forParameters(
                    'inputParameters',
                    operation,
                    parameter => ({
                      type: typeOf(parameter),
                      required:
                        tool.inputSchema.required?.includes(argumentNames[parameter.name] ?? '') === true,
                      description: parameter.description,
                    }),
                    argumentNames,
                  ),
                  call: `${namespace}.${operation.name}`,
                  ...forParameters('with', operation, ({ name }) => `tools.${argumentNames[name] ?? name}`),
                },
              ],
            ),
          ),
        },
      ],
    },
  };
}

function byResource(
  operations: readonly Operation[],
  describe: (operation: Operation) => object,
): Record<string, object> {
  return Object.fromEntries(operations.map(operation => [operation.resource, describe(operation)]));
}

/** An object with one member, which holds a value for each parameter; an empty object if there are no parameters. */
function forParameters<Value>(
  member: string,
  { parameters }: Operation,
  valueOf: (parameter: OperationParameter) => Value,
  names: Readonly<Record<string, string>> = {},
): Record<string, Record<string, Value>> {
  if (parameters.length === 0) return {};
  const entries = parameters.map(
    parameter => [names[parameter.name] ?? parameter.name, valueOf(parameter)] as const,
  );
  return { [member]: Object.fromEntries(entries) };
}

function typeOf({ type }: OperationParameter): 'object' | 'integer' | 'string' {
  return type === 'object' || type === 'integer' ? type : 'string';
}
