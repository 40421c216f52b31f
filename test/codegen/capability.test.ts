import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { capabilityOf } from '../../codegen/capability.ts';
import { skillOf } from '../../codegen/skill.ts';
import { toolsOf } from '../../src/adapters/mcp/tools.ts';
import { openApiDocument } from '../../src/adapters/rest/openapi.ts';
import { skillExamples } from '../../codegen/skill-examples.ts';
import { outcomeRule } from '../../src/lean/answer-shapes.ts';
import { outcomeOf, type PayoutStatus } from '../../src/payouts/payout.ts';
import { operations, restPathOf, toolNameOf, type Operation } from '../../src/lean/operations.ts';

const payoutStatuses: readonly PayoutStatus[] = [
  'CREATED',
  'AWAITING_AUTHORIZATION',
  'PENDING_WITH_BANK',
  'ACCEPTED_BY_BANK',
  'FAILED',
  'AUTHORISATION_FAILED',
  'UNKNOWN',
];

const refund: Operation = {
  ...operations.getPayout,
  name: 'getRefund',
  path: '/payouts/refunds/{refund_id}',
  resource: 'refund',
  title: 'One refund',
  parameters: [{ name: 'refund_id', in: 'path', type: 'uuid', required: true, description: 'The refund.' }],
};
const allOperations: readonly Operation[] = [...Object.values(operations), refund];

interface Capability {
  readonly capability: {
    readonly consumes: readonly [{ readonly resources: Record<string, object> }];
    readonly exposes: readonly [
      { readonly port: number; readonly resources: Record<string, object> },
      { readonly port: number; readonly tools: Record<string, object> },
    ];
  };
}

it('the skill, the tools, the capability and the OpenAPI document name every status of a payout that is not paid', () => {
  const notPaid = payoutStatuses.filter(status => outcomeOf(status, null) === 'NOT_PAID');
  expect(notPaid).toEqual(['FAILED', 'AUTHORISATION_FAILED']);
  expect(outcomeRule).toContain(`status is ${notPaid.join(' or ')}.`);
  const texts = {
    skill: skillOf(allOperations, skillExamples),
    tools: JSON.stringify(toolsOf(allOperations, { writes: true, requireKey: true })),
    capability: JSON.stringify(capabilityOf(allOperations)),
    openApi: JSON.stringify(openApiDocument(allOperations, { requireKey: true, requiresToken: true })),
  };
  for (const [name, text] of Object.entries(texts)) {
    expect([name, text]).toEqual([name, expect.stringContaining(outcomeRule)]);
    expect([name, text.replaceAll(outcomeRule, '')]).toEqual([
      name,
      expect.not.stringContaining('not paid when'),
    ]);
  }
});

describe('the capability', () => {
  const { capability } = capabilityOf(allOperations) as Capability;
  const [consumed] = capability.consumes;
  const [rest, mcp] = capability.exposes;

  it('exposes REST on port 8080 and MCP on port 9090', () => {
    expect([rest.port, mcp.port]).toEqual([8080, 9090]);
  });

  it.each(allOperations)('has a consumed operation, a route and a tool for $name', operation => {
    const { name, method, hints, resource } = operation;
    const path = restPathOf(operation);
    expect(consumed.resources[resource]).toMatchObject({ path, operations: { [name]: { method } } });
    expect(rest.resources[resource]).toMatchObject({
      path,
      operations: { [name]: { method, call: `payouts-payments.${name}` } },
    });
    expect(mcp.tools[toolNameOf(operation)]).toMatchObject({ hints, call: `payouts-payments.${name}` });
  });

  it('passes on every argument, including the idempotency key', () => {
    expect(rest.resources['payout-payment']).toMatchObject({
      operations: {
        createPayoutPayment: {
          with: { 'idempotency-key': 'rest.header.idempotency-key', body: 'rest.body' },
        },
      },
    });
    expect(mcp.tools['lean-createpayoutpayment']).toMatchObject({
      inputParameters: { idempotency_key: { required: true }, body: { type: 'object' } },
      with: { 'idempotency-key': 'tools.idempotency_key', body: 'tools.body' },
    });
    expect(mcp.tools['lean-getrefund']).toMatchObject({ with: { refund_id: 'tools.refund_id' } });
  });
});

describe('the skill', () => {
  const skill = skillOf(allOperations, skillExamples);

  it('has a section for each tool, and a worked example for each of Lean’s operations', () => {
    for (const operation of allOperations) expect(skill).toContain(`\n## ${toolNameOf(operation)}\n`);
    expect(Object.keys(skillExamples)).toEqual(Object.values(operations).map(toolNameOf));
  });

  it.each(Object.entries(skillExamples))(
    'has an example for %s that matches its input schema',
    (name, example) => {
      const found = toolsOf(allOperations, { writes: true, requireKey: true }).find(
        ({ tool }) => tool.name === name,
      );
      const ajv = new Ajv2020({ allowUnionTypes: true });
      (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
      const validate = ajv.compile(found?.tool.inputSchema ?? false);
      const [, json = ''] = /```json\n(.*?)```/s.exec(example) ?? [];
      expect(validate(JSON.parse(json)), JSON.stringify(validate.errors)).toBe(true);
    },
  );

  it('is in capability/SKILL.md', async () => {
    expect(await readFile('capability/SKILL.md', 'utf8')).toContain('name: lean-payouts\n');
  });
});
