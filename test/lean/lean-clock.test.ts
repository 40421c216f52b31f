import { describe, expect, it } from 'vitest';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import { ManualClocks } from './fixtures.ts';

const noon = Date.parse('2026-06-01T12:00:00Z');

function startClock() {
  const clocks = new ManualClocks();
  return { clocks, clock: new LeanClock(clocks) };
}

describe("the time by Lean's clock", () => {
  it('is unknown before the first response', () => {
    expect(startClock().clock.now()).toBeUndefined();
  });

  it('advances with the monotonic clock from the observed date', () => {
    const { clocks, clock } = startClock();
    clock.observe(noon);
    clocks.advance(2500);
    expect(clock.now()).toBe(noon + 2500);
  });

  it('becomes an observed date that is ahead of it', () => {
    const { clocks, clock } = startClock();
    clock.observe(noon);
    clocks.advance(900);
    clock.observe(noon + 1000);
    expect(clock.now()).toBe(noon + 1000);
  });

  it.each([
    ['from the same second', noon],
    ['from a slow response', noon - 5000],
  ])('does not follow a date %s', (_source, date) => {
    const { clocks, clock } = startClock();
    clock.observe(noon);
    clocks.advance(900);
    clock.observe(date);
    expect(clock.now()).toBe(noon + 900);
  });

  it('is corrected by the next response if a date was far ahead', () => {
    const { clock } = startClock();
    clock.observe(noon + 86_400_000);
    clock.observe(noon);
    expect(clock.now()).toBe(noon);
  });

  it('is unknown after the machine was suspended, until the next response', () => {
    const { clocks, clock } = startClock();
    clock.observe(noon);
    clocks.suspend(60_000);
    expect(clock.now()).toBeUndefined();
    clock.observe(noon + 60_000);
    expect(clock.now()).toBe(noon + 60_000);
  });
});
