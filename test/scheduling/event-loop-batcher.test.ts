import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventLoopBatcher } from '../../src/scheduling/event-loop-batcher.ts';

/** Blocks the event loop for longer than the tasks of one iteration may take. */
function block(): void {
  const end = performance.now() + 10;
  while (performance.now() < end);
}

describe('an event loop batcher', () => {
  it('runs a task at once if no other task has run in this iteration', async () => {
    const batcher = new EventLoopBatcher();
    const done: string[] = [];
    batcher.run({}, () => done.push('first'));
    expect(done).toEqual(['first']);
    batcher.run({}, () => done.push('second'));
    expect(done).toEqual(['first']);
    await nextIteration();
    expect(done).toEqual(['first', 'second']);
    await nextIteration();
    batcher.run({}, () => done.push('third'));
    expect(done).toEqual(['first', 'second', 'third']);
  });

  it('runs no more tasks in an iteration once its time is used up', async () => {
    const batcher = new EventLoopBatcher();
    let done = 0;
    const owner = {};
    for (let times = 0; times < 4; times += 1)
      batcher.run(owner, () => {
        done += 1;
        block();
      });
    for (let iteration = 1; iteration <= 4; iteration += 1) {
      expect(done).toBe(iteration);
      await nextIteration();
    }
  });

  it('gives every waiting owner a turn before any owner has another', async () => {
    const batcher = new EventLoopBatcher();
    const done: string[] = [];
    const flood = {};
    batcher.run(flood, () => done.push('flood'));
    for (let times = 0; times < 3; times += 1) batcher.run(flood, () => done.push('flood'));
    batcher.run({}, () => done.push('other'));
    await nextIteration();
    expect(done).toEqual(['flood', 'flood', 'other', 'flood', 'flood']);
  });

  it('lets the promises that a task has resolved continue before the next task', async () => {
    const batcher = new EventLoopBatcher();
    const done: string[] = [];
    const work = async (name: string): Promise<void> => {
      await batcher.waitForTurn({});
      done.push(`${name} begins`);
      await Promise.resolve();
      done.push(`${name} ends`);
    };
    await Promise.all(['a', 'b', 'c'].map(work));
    expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('gives a thousand owners a turn each', async () => {
    const batcher = new EventLoopBatcher();
    let done = 0;
    await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => {
        await batcher.waitForTurn({ index });
        done += 1;
      }),
    );
    expect(done).toBe(1000);
  });
});
