import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventLoopBatcher } from '../../src/scheduling/event-loop-batcher.ts';

/** Work that holds the event loop for as long as a round has for all turns. */
function workLong(): void {
  const end = performance.now() + 10;
  while (performance.now() < end);
}

describe('turns', () => {
  it('are given at once where nobody has had one in this round', async () => {
    const turns = new EventLoopBatcher();
    const done: string[] = [];
    turns.run({}, () => done.push('first'));
    expect(done).toEqual(['first']);
    turns.run({}, () => done.push('second'));
    expect(done).toEqual(['first']);
    await nextRound();
    expect(done).toEqual(['first', 'second']);
    await nextRound();
    turns.run({}, () => done.push('third'));
    expect(done).toEqual(['first', 'second', 'third']);
  });

  it('are no more in a round than there is time for', async () => {
    const turns = new EventLoopBatcher();
    let done = 0;
    const one = {};
    for (let times = 0; times < 4; times += 1)
      turns.run(one, () => {
        done += 1;
        workLong();
      });
    for (let round = 1; round <= 4; round += 1) {
      expect(done).toBe(round);
      await nextRound();
    }
  });

  it('are given to everybody who waits before anybody has another', async () => {
    const turns = new EventLoopBatcher();
    const done: string[] = [];
    const flood = {};
    turns.run(flood, () => done.push('flood'));
    for (let times = 0; times < 3; times += 1) turns.run(flood, () => done.push('flood'));
    turns.run({}, () => done.push('honest'));
    await nextRound();
    expect(done).toEqual(['flood', 'flood', 'honest', 'flood', 'flood']);
  });

  it('let what one has resolved go on before the next', async () => {
    const turns = new EventLoopBatcher();
    const done: string[] = [];
    const each = async (name: string): Promise<void> => {
      await turns.take({});
      done.push(`${name} begins`);
      await Promise.resolve();
      done.push(`${name} ends`);
    };
    await Promise.all(['a', 'b', 'c'].map(each));
    expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('come to everybody, however many there are', async () => {
    const turns = new EventLoopBatcher();
    let done = 0;
    await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => {
        await turns.take({ index });
        done += 1;
      }),
    );
    expect(done).toBe(1000);
  });
});
