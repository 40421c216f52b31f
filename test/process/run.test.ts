import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('a program that cannot be closed prints the error and exits with 1', async () => {
  const runModule = new URL('../../src/process/run.ts', import.meta.url).href;
  const program = `
    import { run } from ${JSON.stringify(runModule)};
    setInterval(() => {}, 1000);
    await run(async () => ({ close: () => Promise.reject(new Error('cannot be closed')) }));
    process.kill(process.pid, 'SIGTERM');
  `;
  const args = ['--input-type=module', '--eval', program];
  await expect(promisify(execFile)(process.execPath, args, { timeout: 20_000 })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Error: cannot be closed\n {4}at /) as string,
  });
});
