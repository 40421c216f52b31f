import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** What the engine tells of a function that is called often, in a process of its own. */
function compilersOf(before: string): string {
  const program = `${before}
    function often(a, b) { return { sum: a.sum + b.sum }; }
    let total = { sum: 0 };
    for (let time = 0; time < 300_000; time += 1) total = often(total, { sum: time });
    console.log(total.sum);`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--trace-opt', '--input-type=module', '--eval', program],
    { encoding: 'utf8', cwd: import.meta.dirname },
  );
  expect(stderr).not.toContain('Error');
  return stdout;
}

it('what is often run is compiled for good, by nothing that leaves its memory behind', () => {
  const fit = `import { fitEngine } from '../src/engine.ts'; fitEngine();`;
  expect(compilersOf('')).toMatch(/often.*MAGLEV/);
  expect(compilersOf(fit)).toMatch(/often.*TURBOFAN/);
  expect(compilersOf(fit)).not.toMatch(/often.*MAGLEV/);
});
