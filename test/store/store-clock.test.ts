import { expect, it } from 'vitest';
import { StoreClock } from '../../src/store/store-clock.ts';

const noon = Date.parse('2026-06-01T12:00:00Z');
const hour = 3_600_000;

/** A store clock that runs on clocks of the test. */
function startClock() {
  const clocks = { wall: noon, monotonic: 4711 };
  return {
    clocks,
    clock: new StoreClock(
      () => clocks.wall,
      () => clocks.monotonic,
    ),
    /** Advances both clocks. */
    advance(ms: number): void {
      clocks.wall += ms;
      clocks.monotonic += ms;
    },
  };
}

it('the store clock starts at the time of the wall clock', () => {
  expect(startClock().clock.now()).toBe(noon);
});

it('the store clock advances if the wall clock and the monotonic clock both advance', () => {
  const { clock, advance } = startClock();
  advance(hour);
  expect(clock.now()).toBe(noon + hour);
});

it('the store clock does not follow a wall clock that jumps ahead', () => {
  const { clock, clocks, advance } = startClock();
  advance(1000);
  clocks.wall += hour;
  expect(clock.now()).toBe(noon + 1000);
  advance(1000);
  expect(clock.now()).toBe(noon + 2000);
});

it('the store clock follows a wall clock that is set back', () => {
  const { clock, clocks, advance } = startClock();
  advance(1000);
  clocks.wall -= hour;
  expect(clock.now()).toBe(noon + 1000 - hour);
  advance(1000);
  expect(clock.now()).toBe(noon + 2000 - hour);
});

it('the store clock is right again once the wall clock is', () => {
  const { clock, clocks, advance } = startClock();
  for (const jump of [hour, -hour]) {
    clocks.wall += jump;
    advance(1000);
    clocks.wall -= jump;
  }
  expect(clock.now()).toBe(noon + 2000);
});

it('the store clock stops while the machine sleeps', () => {
  const { clock, clocks, advance } = startClock();
  clocks.wall += hour;
  expect(clock.now()).toBe(noon);
  advance(1);
  expect(clock.now()).toBe(noon + 1);
});

it('the store clock returns whole milliseconds', () => {
  const { clock, advance } = startClock();
  advance(0.9);
  expect(clock.now()).toBe(noon);
  advance(0.2);
  expect(clock.now()).toBe(noon + 1);
});
