import { expect, it } from 'vitest';
import { StoreClock } from '../../src/store/store-clock.ts';

const noon = Date.parse('2026-06-01T12:00:00Z');
const hour = 3_600_000;

/** A store's clock by clocks of the test's own. */
function held() {
  const clocks = { wall: noon, steady: 4711 };
  return {
    clocks,
    clock: new StoreClock(
      () => clocks.wall,
      () => clocks.steady,
    ),
    /** Time goes by on both. */
    pass(ms: number): void {
      clocks.wall += ms;
      clocks.steady += ms;
    },
  };
}

it('the store’s clock begins with the time of the wall clock', () => {
  expect(held().clock.now()).toBe(noon);
});

it('the store’s clock goes on as both clocks do', () => {
  const { clock, pass } = held();
  pass(hour);
  expect(clock.now()).toBe(noon + hour);
});

it('the store’s clock does not follow a wall clock that jumps ahead', () => {
  const { clock, clocks, pass } = held();
  pass(1000);
  clocks.wall += hour;
  expect(clock.now()).toBe(noon + 1000);
  pass(1000);
  expect(clock.now()).toBe(noon + 2000);
});

it('the store’s clock follows a wall clock that is set back', () => {
  const { clock, clocks, pass } = held();
  pass(1000);
  clocks.wall -= hour;
  expect(clock.now()).toBe(noon + 1000 - hour);
  pass(1000);
  expect(clock.now()).toBe(noon + 2000 - hour);
});

it('the store’s clock is right again once a wall clock that jumped is', () => {
  const { clock, clocks, pass } = held();
  for (const jump of [hour, -hour]) {
    clocks.wall += jump;
    pass(1000);
    clocks.wall -= jump;
  }
  expect(clock.now()).toBe(noon + 2000);
});

it('the store’s clock stands still while the machine sleeps, and waits the longer for it', () => {
  const { clock, clocks, pass } = held();
  clocks.wall += hour;
  expect(clock.now()).toBe(noon);
  pass(1);
  expect(clock.now()).toBe(noon + 1);
});

it('the store’s clock has whole milliseconds', () => {
  const { clock, pass } = held();
  pass(0.9);
  expect(clock.now()).toBe(noon);
  pass(0.2);
  expect(clock.now()).toBe(noon + 1);
});
