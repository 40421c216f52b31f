import { describe, expect, it } from 'vitest';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import { HeldClocks } from './wiring.ts';

const noon = Date.parse('2026-06-01T12:00:00Z');

function held() {
  const clocks = new HeldClocks();
  return { clocks, clock: new LeanClock(clocks) };
}

describe("Lean's clock", () => {
  it('is unknown until an answer has told it', () => {
    expect(held().clock.now()).toBeUndefined();
  });

  it('goes on from the date that it was told', () => {
    const { clocks, clock } = held();
    clock.observe(noon);
    clocks.pass(2500);
    expect(clock.now()).toBe(noon + 2500);
  });

  it('follows a date that is ahead of what is known', () => {
    const { clocks, clock } = held();
    clock.observe(noon);
    clocks.pass(900);
    clock.observe(noon + 1000);
    expect(clock.now()).toBe(noon + 1000);
  });

  it.each([
    ['of the same second', noon],
    ['of a slow answer', noon - 5000],
  ])('passes over a date %s', (_what, date) => {
    const { clocks, clock } = held();
    clock.observe(noon);
    clocks.pass(900);
    clock.observe(date);
    expect(clock.now()).toBe(noon + 900);
  });

  it('forgets a date that was far ahead with the next answer', () => {
    const { clock } = held();
    clock.observe(noon + 86_400_000);
    clock.observe(noon);
    expect(clock.now()).toBe(noon);
  });

  it('is not known any more when the machine was suspended, until the next answer', () => {
    const { clocks, clock } = held();
    clock.observe(noon);
    clocks.suspend(60_000);
    expect(clock.now()).toBeUndefined();
    clock.observe(noon + 60_000);
    expect(clock.now()).toBe(noon + 60_000);
  });
});
