import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('npm run bench runs, and prints its tables', async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'bench'], {
    env: { ...process.env, BENCH_QUICK: '1' },
  });
  expect(stdout).toMatch(/CPU µs +p50 ms +p99 ms +payouts\/s\nrecorded +\d.*\nunrecorded +\d/);
  expect(stdout).toMatch(/What a request pays for safety\n\n +CPU µs\naccess token, seen before +[\d.]+\n/);
  const columns = / +KiB each +first ms +median ms +last ms +CPU µs each +Lean calls/.source;
  // Two calls to look at what is announced, and one for all subscribers together.
  const read = /20 that read +-?[\d.]+( +[\d.]+){4} +[34]\.\d/.source;
  const others = /18, beside 2 that do not( +[\d.]+){4} +[34]\.\d/.source;
  expect(stdout).toMatch(new RegExp(`${columns}\n${read}\n${others}\n`));
  expect(stdout).toMatch(/The record adds -?\d+ µs of CPU and -?[\d.]+ ms to a payout/);
});
