import type { OperationParameter } from '../lean/operations.ts';
import type { Shape } from '../lean/shape.ts';
import { maxKeyLength } from '../payouts/creation/transfer.ts';

/** The JSON Schema of a parameter's value. */
export function parameterShape({ type, minimum, maximum, shape }: OperationParameter): Shape {
  if (type === 'object') return shape ?? { type: 'object', additionalProperties: true };
  if (type === 'integer')
    return { type, ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
  if (type === 'decimal')
    return { type: 'string', pattern: '^(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d{1,2})?$', examples: ['16.50'] };
  if (type === 'key')
    return {
      type: 'string',
      pattern: `^[!-~]([ -~]{0,${String(maxKeyLength - 2)}}[!-~])?$`,
      maxLength: maxKeyLength,
    };
  if (type === 'uuid')
    return { type: 'string', format: 'uuid', examples: ['3fa85f64-5717-4562-b3fc-2c963f66afa6'] };
  return { type: 'string', format: type, examples: ['2026-03-01T08:30:00Z'] };
}
