import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freshFolder } from './support/stores.ts';

// A run with a passing test ends with 0. Otherwise the run that includes this file could not succeed.
it('a vitest run whose test fails exits with 1', async () => {
  const root = await freshFolder();
  await mkdir(join(root, 'test'));
  for (const name of ['node_modules', 'vitest.config.ts', 'src', 'package.json', 'test/support'])
    await symlink(join(process.cwd(), name), join(root, name));
  await writeFile(
    join(root, 'test/one.test.ts'),
    "import { expect, it } from 'vitest';\nit('is', () => { expect(1).toBe(2); });\n",
  );
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'all'], {
    cwd: root,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
  });
  expect(await once(child, 'close')).toEqual([1, null]);
});
