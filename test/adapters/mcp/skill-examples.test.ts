import { readFile } from 'node:fs/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, it, onTestFinished } from 'vitest';
import { operations, toolNameOf } from '../../../src/lean/operations.ts';
import { startListeningGateway } from '../../support/running-gateway.ts';

const skill = await readFile('capability/SKILL.md', 'utf8');

/** The worked examples of the skill: the name of the tool, and its arguments as they stand in the page. */
const examples = skill
  .split(/^## /m)
  .slice(1)
  .map(section => {
    const [, name = ''] = /^(\S+)\n/.exec(section) ?? [];
    const [, json = ''] = /```json\n(.*?)```/s.exec(section) ?? [];
    return [name, JSON.parse(json) as Record<string, unknown>] as const;
  });

it('the skill has a worked example for each tool', () => {
  expect(examples.map(([name]) => name)).toEqual(Object.values(operations).map(toolNameOf));
});

it.each(examples)('the skill’s example for %s succeeds against the sandbox', async (name, args) => {
  const gateway = await startListeningGateway({ env: { MCP_PORT: '0' } });
  onTestFinished(() => gateway.close());
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl ?? '')));
  onTestFinished(() => client.close());
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: args });
  expect(isError, JSON.stringify(content)).toBeUndefined();
  expect(structuredContent).toBeDefined();
  const operation = Object.values(operations).find(each => toolNameOf(each) === name);
  expect(gateway.lean.requests.map(request => request.operation)).toContain(operation?.name);
});
