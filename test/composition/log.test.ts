import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

/** The lines of a program that logs so many lines of more than 1000 bytes at once. */
async function floodedLog(lines: number): Promise<readonly Record<string, unknown>[]> {
  const file = new URL('../support/log-flood.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, String(lines)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(code).toBe(0);
  return output
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('keeps all lines of a burst, in order', async () => {
    const lines = await floodedLog(2000);
    expect(lines.map(({ line }) => line)).toEqual(Array.from({ length: 2000 }, (_, line) => line));
  });

  it('keeps at most 4 MiB of lines that are not read, and then warns of the number that it dropped', async () => {
    const lines = await floodedLog(10_000);
    const warning = lines.at(-1);
    const kept = lines.slice(0, -1);
    expect(kept.map(({ line }) => line)).toEqual(Array.from(kept, (_, line) => line));
    expect(kept.length).toBeGreaterThan(3000);
    expect(kept.length).toBeLessThan((4 * 1024 * 1024) / 1000);
    expect(warning).toMatchObject({
      level: 40,
      droppedLines: 10_000 - kept.length,
      msg: 'lines of this log were dropped, because they were not read in time',
    });
  });
});
