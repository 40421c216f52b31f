import { spawn } from 'node:child_process';
import { once } from 'node:events';

/*
 * Runs the tests, and beside them the checks one after another. A check prints only if it fails. Exits with 1 if any of
 * them fails.
 */
const checks = ['format:check', 'lint', 'types', 'codegen:check'];

/** Runs an npm script, and resolves with whether it succeeded. Unless `isShown`, it prints its output only if it fails. */
async function succeeds(script, isShown) {
  const child = spawn('npm', ['run', '--silent', script], {
    stdio: isShown ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) process.stderr.write(`${output}\nnpm run ${script} has failed.\n`);
  return code === 0;
}

async function checksSucceed() {
  const results = [];
  for (const check of checks) results.push(await succeeds(check, false));
  return results.every(Boolean);
}

const results = await Promise.all([checksSucceed(), succeeds('test:run', true)]);
process.exitCode = results.every(Boolean) ? 0 : 1;
