import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freshFolder } from './support/stores.ts';

it.each([
  ['fails', 'expect(1).toBe(2)', 1],
  ['passes', 'expect(1).toBe(1)', 0],
])('a vitest run whose test %s has the matching exit code', async (_, body, code) => {
  const root = await freshFolder();
  await mkdir(join(root, 'test'));
  for (const name of ['node_modules', 'vitest.config.ts', 'src', 'package.json', 'test/support'])
    await symlink(join(process.cwd(), name), join(root, name));
  await writeFile(
    join(root, 'test/one.test.ts'),
    `import { expect, it } from 'vitest';\nit('is', () => { ${body}; });\n`,
  );
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'all'], {
    cwd: root,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
  });
  expect(await once(child, 'close')).toEqual([code, null]);
});
