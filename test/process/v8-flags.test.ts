import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const setFlags = `import { setV8Flags } from '../../src/process/v8-flags.ts'; setV8Flags();`;

/** Runs a program in its own process and returns its output. */
function run(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [flag, '--input-type=module', '--eval', program], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect(stderr).not.toContain('Error');
  return stdout;
}

/** Returns the optimization trace of V8 for a function that is called often. */
function optimizationTrace(prelude: string): string {
  const program = `${prelude}
    function hotFunction(a, b) { return { sum: a.sum + b.sum }; }
    let total = { sum: 0 };
    for (let index = 0; index < 300_000; index += 1) total = hotFunction(total, { sum: index });
    console.log(total.sum);`;
  return run(program, '--trace-opt');
}

/**
 * Returns the largest heap size divided by the size of the live objects, for objects that reach the old generation.
 */
function peakHeapRatio(prelude: string): number {
  const program = `${prelude}
    import { getHeapStatistics } from 'node:v8';
    const make = () => new Array(5000).fill({});
    const alive = Array.from({ length: 2000 }, make);
    gc();
    const aliveBytes = getHeapStatistics().used_heap_size;
    let most = 0;
    for (let index = 0; index < 10_000; index += 1) {
      alive[index % alive.length] = make();
      most = Math.max(most, getHeapStatistics().used_heap_size);
    }
    console.log(most / aliveBytes);`;
  return Number(run(program, '--expose-gc'));
}

it('with the flags a hot function is compiled by TurboFan and not by Maglev', () => {
  expect(optimizationTrace('')).toMatch(/hotFunction.*MAGLEV/);
  expect(optimizationTrace(setFlags)).toMatch(/hotFunction.*TURBOFAN/);
  expect(optimizationTrace(setFlags)).not.toMatch(/hotFunction.*MAGLEV/);
});

it('with the flags the heap stays below three times the size of the live objects', () => {
  expect(peakHeapRatio('')).toBeGreaterThan(4);
  expect(peakHeapRatio(setFlags)).toBeLessThan(3);
});
