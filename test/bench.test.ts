import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const env = { ...process.env, BENCH_QUICK: '1' };

describe('npm run bench', () => {
  let stdout = '';
  beforeAll(async () => {
    ({ stdout } = await run('npm', ['run', '--silent', 'bench'], { env }));
    // It builds the gateway and starts more than twenty processes, which is slow on a busy machine.
  }, 600_000);

  it.each([
    ['one payout, 10 fields', '1.0'],
    ['50 payouts, fields of the list', '1.0'],
    ['50 payouts, intent and history', '101.0'],
    ['50 final payouts, intent and history', '101.0'],
    ['50 payouts, sharing 10 intents', '21.0'],
    ['50 payouts for a router (_entities)', '50.0'],
    ['create a payout', '1.0'],
  ])('prints the cost and the Lean calls of all servers for the workload: %s', (workload, leanCalls) => {
    expect(stdout).toMatch(
      / +CPU µs +of E +of protected +of bare +GC µs +per second +p50 ms +p99 ms +MiB +Lean calls\n/,
    );
    const rows = stdout.split(`\n${workload}\n`)[1]?.split('\n').slice(0, 9) ?? [];
    const [ours, withCache, ...others] = rows.map(row => row.trim().split(/ {2,}/));
    expect(ours?.slice(1)).toEqual(Array(10).fill(expect.stringMatching(/^[\d.]+$/)));
    expect(ours).toEqual(['ours, READ_CACHE_MB=0', ...Array<unknown>(9).fill(expect.anything()), leanCalls]);
    expect(withCache?.[0]).toBe('ours, as shipped');
    expect(Number(withCache?.at(-1))).toBeLessThanOrEqual(Number(leanCalls));
    expect(others.map(row => [row[0], row.at(-1)])).toEqual(
      [
        'ours, FAST_PATH=off',
        'E: Yoga, Pothos',
        'E, protected',
        'Apollo Server',
        'Mercurius',
        'Mercurius, protected',
        'bare',
      ].map(name => [name, leanCalls]),
    );
  });

  it('prints the latency of a single caller', () => {
    const rows = /one payout, 10 fields( +[\d.]+){3}\n50 payouts, intent and history( +[\d.]+){3}\n/.source;
    expect(stdout).toMatch(new RegExp(`ours, READ_CACHE_MB=0 +E: Yoga, Pothos +bare\n${rows}`));
  });

  it('prints the cost by page size', () => {
    const rows = [
      /1( +\d+){2} +[\d.]+\n/,
      /10( +\d+){2} +21.0\n/,
      /25( +\d+){2} +51.0\n/,
      /50( +\d+){2} +101.0\n/,
    ];
    const all = [/ +CPU µs +CPU µs each +Lean calls\n/, ...rows, /100( +\d+){2} +201.0\n/];
    expect(stdout).toMatch(new RegExp(all.map(({ source }) => source).join('')));
  });

  it('prints the cost of the durable record of a payout', () => {
    const names = ['unrecorded', 'SQLite', 'PostgreSQL', 'PostgreSQL, two gateways'];
    const rows = names.map(name => `${name}( +[\\d.]+){4}\n`).join('');
    expect(stdout).toMatch(new RegExp(`CPU µs +p50 ms +p99 ms +payouts/s\n${rows}`));
    for (const name of ['SQLite', 'PostgreSQL'])
      expect(stdout).toMatch(
        new RegExp(`The record in ${name} adds -?\\d+ µs of CPU and -?[\\d.]+ ms to a payout`),
      );
  });

  it('prints the CPU time of authentication, limits and metrics', () => {
    expect(stdout).toMatch(
      /CPU time of authentication, limits and metrics per request\n\n +CPU µs\naccess token, seen before +[\d.]+\n/,
    );
  });

  it('prints the CPU time of a Lean call, with and without the Lean client', () => {
    expect(stdout).toMatch(
      / +50 at once +400 at once\nundici.request and its json\(\)( +\d+){2}\nthe Lean client, converted( +\d+){2}\n/,
    );
  });

  it('prints the cost of subscribers', () => {
    const columns = / +KiB each +first ms +median ms +last ms +CPU µs each +Lean calls/.source;
    // Per event: two Lean calls to read the announced payout, and one for all subscribers together.
    const allReading = /20 reading +-?[\d.]+( +[\d.]+){4} +[34]\.\d/.source;
    const someReading = /18 reading, 2 not reading( +[\d.]+){4} +[34]\.\d/.source;
    expect(stdout).toMatch(new RegExp(`${columns}\n${allReading}\n${someReading}\n`));
  });

  // The command above has built the gateway.
  const bench = (...tables: string[]) => run(process.execPath, ['bench/main.ts', ...tables], { env });

  describe.concurrent('with the names of tables', () => {
    it('prints only the named tables if any are named', async () => {
      const { stdout } = await bench('steady');
      const columns = / +CPU µs +per second +MiB\nminute 1( +\d+){3}\n\n/.source;
      expect(stdout).toMatch(new RegExp(`^\nOur gateway, minute by minute.*\n\n${columns}$`));
    });

    it('prints the cost of a start and of the first requests', async () => {
      const { stdout } = await bench('start');
      const columns = / +first ms +CPU ms +1–5 +6–10 +steady +multiple\n/.source;
      const image = /  image \(bundle\)( +\d+){5} +[\d.]+\n/.source;
      const npm = /  npm package \(dist\)( +\d+){5} +[\d.]+\n/.source;
      const sources = /  npm start \(sources\)( +\d+){5} +[\d.]+\n/.source;
      expect(stdout).toMatch(
        new RegExp(
          `${columns}one payout, 10 fields\n${image}${npm}${sources}50 payouts, fields of the list\n${image}${npm}`,
        ),
      );
    });

    it('prints what several gateways cost PostgreSQL and Lean', async () => {
      const { stdout } = await bench('scale');
      expect(stdout).toMatch(/^ +1 +2 +\(10\) +\(100\)\n/m);
      const rows = stdout.split('\n').map(row => row.split(/ {3,}/));
      const figuresOf = (title: string): unknown => rows.find(row => row[0] === title)?.slice(1);
      // 17, and what the gateways do in the background meanwhile.
      expect(figuresOf('statements per payout')).toEqual(Array(4).fill(expect.stringMatching(/^\d\d\.\d$/)));
      expect(figuresOf('NOTIFY per webhook')).toEqual(Array(4).fill('1.0'));
      expect(figuresOf('notifications received per webhook')).toEqual(['1.0', '2.0', '10.0', '100.0']);
    });

    it('exits with 2 and a list of all tables if a name is unknown', async () => {
      await expect(bench('overhed')).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining(
          'Unknown table: overhed. Accepted: overhead, latency, growth, payout-record, safety, lean-calls, subscribers, floods, start, scale, steady.',
        ) as string,
      });
    });
  });
});
