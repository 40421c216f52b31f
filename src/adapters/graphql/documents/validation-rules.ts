import { NoSchemaIntrospectionCustomRule, type ValidationRule } from 'graphql';
import { onePaymentRule } from './one-payment-rule.ts';
import { variableNamesRule } from './variable-names-rule.ts';

/**
 * The gateway's own validation rules, which apply in addition to those of the specification.
 * @param introspection whether introspection is on
 */
export function validationRules(introspection: boolean): readonly ValidationRule[] {
  const rules = [onePaymentRule, variableNamesRule];
  return introspection ? rules : [...rules, NoSchemaIntrospectionCustomRule];
}
