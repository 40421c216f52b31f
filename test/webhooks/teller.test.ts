import { expect, it, onTestFinished } from 'vitest';
import { Teller, type TellerOptions } from '../../src/webhooks/teller.ts';

it('what is received just as a look that has not seen it ends is looked at', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const first = Promise.withResolvers<undefined>();
    let looks = 0;
    const events = {
      take: async () => {
        looks += 1;
        if (looks === 1) await first.promise;
        return [];
      },
    };
    // Nothing is to come about by looking after a while.
    const options = { events, everyMs: 2 ** 31 - 1 } as unknown as TellerOptions;
    const teller = new Teller(options);
    onTestFinished(() => teller.stop());
    teller.start();
    expect(looks).toBe(1);
    first.resolve(undefined);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    teller.wake();
    await expect.poll(() => looks, { message: `after ${String(turns)} turns` }).toBeGreaterThan(1);
  }
});
