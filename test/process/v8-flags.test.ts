import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const fit = `import { fitEngine } from '../../src/process/v8-flags.ts'; fitEngine();`;

/** What a program prints that has a process of its own. */
function printed(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [flag, '--input-type=module', '--eval', program], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect(stderr).not.toContain('Error');
  return stdout;
}

/** What the engine tells of a function that is called often. */
function compilersOf(before: string): string {
  const program = `${before}
    function often(a, b) { return { sum: a.sum + b.sum }; }
    let total = { sum: 0 };
    for (let time = 0; time < 300_000; time += 1) total = often(total, { sum: time });
    console.log(total.sum);`;
  return printed(program, '--trace-opt');
}

/** How many times what is alive the heap takes, where all that is made lives for a while and grows old. */
function mostOverAlive(before: string): number {
  const program = `${before}
    import { getHeapStatistics } from 'node:v8';
    const make = () => new Array(5000).fill({});
    const alive = Array.from({ length: 2000 }, make);
    gc();
    const aliveBytes = getHeapStatistics().used_heap_size;
    let most = 0;
    for (let time = 0; time < 10_000; time += 1) {
      alive[time % alive.length] = make();
      most = Math.max(most, getHeapStatistics().used_heap_size);
    }
    console.log(most / aliveBytes);`;
  return Number(printed(program, '--expose-gc'));
}

it('what is often run is compiled for good, by nothing that leaves its memory behind', () => {
  expect(compilersOf('')).toMatch(/often.*MAGLEV/);
  expect(compilersOf(fit)).toMatch(/often.*TURBOFAN/);
  expect(compilersOf(fit)).not.toMatch(/often.*MAGLEV/);
});

it('what grows old and dies does not fill the heap with several times what is alive', () => {
  expect(mostOverAlive('')).toBeGreaterThan(4);
  expect(mostOverAlive(fit)).toBeLessThan(3);
});
