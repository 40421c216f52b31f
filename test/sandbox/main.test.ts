import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commonEnvironment, pathOf } from '../support/program.ts';
import { startTestSandbox } from './test-sandbox.ts';

function run(environment: Record<string, string>) {
  const child = spawn(process.execPath, [pathOf('sandbox')], {
    env: { ...commonEnvironment(), ...environment },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, output: collect(child.stdout), errors: collect(child.stderr) };
}

/** Collects the output of a stream. */
function collect(stream: ChildProcess['stdout']): { text: string } {
  const collected = { text: '' };
  stream?.on('data', (chunk: Buffer) => {
    collected.text += chunk.toString();
  });
  return collected;
}

describe('main', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves until %s and then exits with 0', async signal => {
    const { child, output } = run({ SANDBOX_PORT: '0', SANDBOX_PROFILE: 'v1' });
    while (!output.text.includes('Control routes')) await once(child.stdout, 'data');
    expect(output.text).toContain('sandbox-token');
    expect(output.text).toContain('failsAtBank');
    const [url = ''] = /http:\/\/[\d.]+:\d+/.exec(output.text) ?? [];
    expect(await (await fetch(`${url}/sandbox`)).json()).toMatchObject({ profile: 'v1' });
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('exits with one line for each invalid variable', async () => {
    const { child, errors, output } = run({
      SANDBOX_PORT: '70000',
      SANDBOX_PROFILE: 'v3',
      SANDBOX_SEED: 'x',
      SANDBOX_PAYOUTS: '1.5',
      SANDBOX_SPEED: '0',
      SANDBOX_LATENCY_MS: '-1',
      SANDBOX_WEBHOOK_URL: 'here',
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(output.text).toBe('');
    expect(errors.text.trim().split('\n')).toEqual([
      'SANDBOX_PROFILE: "v3" is not accepted; accepted: v2, v1, ksa.',
      'SANDBOX_PORT: "70000" is not accepted; accepted: a whole number from 0 to 65535.',
      'SANDBOX_SEED: "x" is not accepted; accepted: a whole number from 0 to 4294967295.',
      'SANDBOX_PAYOUTS: "1.5" is not accepted; accepted: a whole number from 0 to 1000000.',
      'SANDBOX_SPEED: "0" is not accepted; accepted: a number from 0.001 to 1000000.',
      'SANDBOX_LATENCY_MS: "-1" is not accepted; accepted: a whole number from 0 to 600000.',
      'SANDBOX_WEBHOOK_URL: "here" is not accepted; accepted: an http or https URL.',
      'SANDBOX_WEBHOOK_SECRET: is not set; SANDBOX_WEBHOOK_URL needs it.',
    ]);
  });

  it('exits with one line if the port is in use', async () => {
    const { sandbox } = await startTestSandbox();
    const { port } = new URL(sandbox.url);
    const { child, errors } = run({ SANDBOX_PORT: port });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(errors.text).toBe(`SANDBOX_PORT: port ${port} is in use on 127.0.0.1\n`);
  });
});
