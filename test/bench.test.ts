import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const env = { ...process.env, BENCH_QUICK: '1' };

describe('npm run bench runs, and prints', () => {
  let stdout = '';
  beforeAll(async () => {
    ({ stdout } = await run('npm', ['run', '--silent', 'bench'], { env }));
    // It builds, and starts some twenty processes one after the other: on a busy machine that takes its time.
  }, 600_000);

  it.each([
    ['one payout, 10 fields', '1.0'],
    ['50 payouts, fields of the list', '1.0'],
    ['50 payouts, intent and history', '101.0'],
    ['50 payouts, sharing 10 intents', '21.0'],
    ['50 payouts for a router (_entities)', '50.0'],
    ['a payout is made', '1.0'],
  ])('what servers cost, and ask of Lean, for %s', (workload, leanCalls) => {
    expect(stdout).toMatch(/ +CPU µs +of E +per second +p50 ms +p99 ms +MiB +Lean calls\n/);
    const rows = stdout.split(`\n${workload}\n`)[1]?.split('\n').slice(0, 5) ?? [];
    const [ours, ...others] = rows.map(row => row.trim().split(/ {2,}/));
    expect(ours?.slice(1)).toEqual(Array(7).fill(expect.stringMatching(/^[\d.]+$/)));
    expect(ours).toEqual(['ours', ...Array<unknown>(6).fill(expect.anything()), leanCalls]);
    expect(others.map(row => [row[0], row.at(-1)])).toEqual(
      ['E: Yoga, Pothos', 'Apollo Server', 'Mercurius', 'bare'].map(name => [name, leanCalls]),
    );
  });

  it('how long one caller waits', () => {
    const rows = /one payout, 10 fields( +[\d.]+){3}\n50 payouts, intent and history( +[\d.]+){3}\n/.source;
    expect(stdout).toMatch(new RegExp(`ours +E: Yoga, Pothos +bare\n${rows}`));
  });

  it('how cost grows with the number of payouts', () => {
    const rows = [
      /1( +\d+){2} +[\d.]+\n/,
      /10( +\d+){2} +21.0\n/,
      /25( +\d+){2} +51.0\n/,
      /50( +\d+){2} +101.0\n/,
    ];
    const all = [/ +CPU µs +CPU µs each +Lean calls\n/, ...rows, /100( +\d+){2} +201.0\n/];
    expect(stdout).toMatch(new RegExp(all.map(({ source }) => source).join('')));
  });

  it('what the record of a payout costs', () => {
    expect(stdout).toMatch(/CPU µs +p50 ms +p99 ms +payouts\/s\nrecorded +\d.*\nunrecorded +\d/);
    expect(stdout).toMatch(/The record adds -?\d+ µs of CPU and -?[\d.]+ ms to a payout/);
  });

  it('what safety costs', () => {
    expect(stdout).toMatch(/What a request pays for safety\n\n +CPU µs\naccess token, seen before +[\d.]+\n/);
  });

  it('what subscribers cost', () => {
    const columns = / +KiB each +first ms +median ms +last ms +CPU µs each +Lean calls/.source;
    // Two calls to look at what is announced, and one for all subscribers together.
    const read = /20 that read +-?[\d.]+( +[\d.]+){4} +[34]\.\d/.source;
    const others = /18, beside 2 that do not( +[\d.]+){4} +[34]\.\d/.source;
    expect(stdout).toMatch(new RegExp(`${columns}\n${read}\n${others}\n`));
  });

  // What has been built is there by now.
  const bench = (...tables: string[]) => run(process.execPath, ['bench/main.ts', ...tables], { env });

  it('only the tables that are named, if any are', async () => {
    const { stdout } = await bench('steady');
    const columns = / +CPU µs +per second +MiB\nminute 1( +\d+){3}\n\n/.source;
    expect(stdout).toMatch(new RegExp(`^\nOur gateway, minute by minute.*\n\n${columns}$`));
  });

  it('which tables there are, to whoever names another', async () => {
    await expect(bench('overhed')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'no table overhed; there are overhead, latency, growth, payout-record, safety, subscribers, floods, steady',
      ) as string,
    });
  });
});
