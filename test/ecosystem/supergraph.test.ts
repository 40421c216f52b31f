import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { defaults } from '../../src/config/defaults.ts';
import { startCommand, type RunningCommand } from '../support/command-line.ts';
import { fencedBlocks } from '../support/fenced-blocks.ts';
import { freePorts } from '../support/free-port.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { postOperation } from '../support/running-gateway.ts';
import { composers, type ComposedSubgraph } from './support/composers.ts';
import { grafbase, hasGrafbase } from './support/routers.ts';
import { metricOf } from '../support/metric.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/supergraph');
const readme = await readFile(join(example, 'README.md'), 'utf8');

const blocks = (language: string): readonly string[] => fencedBlocks(readme, language);

describe('examples/supergraph', () => {
  const secret = 'secret-of-the-example';
  let copy = '';
  let folder = '';
  /** The ports of this test instead of those in the example, 4000 to 4007. */
  let ports: readonly number[] = [];
  let started: RunningCommand;

  const withOwnPorts = (text: string): string =>
    text.replaceAll(/(?<![\d-])400([0-7])(?![\d-])/g, (_, digit: string) => String(ports[Number(digit)]));
  const urlOf = (port: number): string => withOwnPorts(`http://localhost:${String(port)}/graphql`);

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'lean-payouts-supergraph-'));
    const omitted = ['node_modules', '.git', 'data', 'dist', 'coverage', 'test'];
    await cp(root, copy, {
      recursive: true,
      filter: path => path === root || !omitted.includes(basename(path)),
    });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    folder = join(copy, 'examples/supergraph');
    ports = await freePorts(8);
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || file.name === 'package-lock.json') continue;
      const path = join(file.parentPath, file.name);
      await writeFile(path, withOwnPorts(await readFile(path, 'utf8')));
    }
    // The root's packages are linked.
    const command = (blocks('sh')[0] ?? '').replace('npm ci --prefix ../.. && ', '');
    expect(command).toBe('npm ci && npm start');
    const env = { ROUTER_SECRET: secret, SANDBOX_PORT: '0', REST_PORT: '0', MCP_PORT: '0' };
    started = startCommand(command, { cwd: folder, env });
    await started.waitFor('The supergraph is at');
  });

  afterAll(async () => {
    await started.stop();
    await rm(copy, { recursive: true });
  });

  it('its query over four subgraphs returns the response in its README', async () => {
    const { data, errors } = await postOperation(urlOf(4004), blocks('graphql')[0] ?? '');
    expect({ data, errors }).toEqual(JSON.parse(blocks('json')[0] ?? ''));
  });

  it('its command for updates prints the update of a payout', async () => {
    const command = withOwnPorts(blocks('sh')[1] ?? '');
    const updates = startCommand(command, { cwd: folder });
    onTestFinished(() => updates.stop());
    await expect.poll(() => metricOf(urlOf(4000), 'lean_payouts_subscribers'), { timeout: 60_000 }).toBe(1);
    const input = payoutInput('seen-by-curl');
    const { data } = await postOperation(urlOf(4004), createPayoutDocument, { input });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    await updates.waitFor('"bookedTo":null');
  });

  it('the gateway refuses _service to callers without the secret', async () => {
    const { errors } = await postOperation(urlOf(4000), '{ _service { sdl } }');
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it.runIf(hasGrafbase)('its recipe for Grafbase returns the same response', async () => {
    const command = /`(grafbase dev [^`]*)`/.exec(readme)?.[1] ?? '';
    const env = {
      ROUTER_SECRET: secret,
      HOME: copy,
      PATH: `${dirname(grafbase)}:${process.env['PATH'] ?? ''}`,
    };
    const router = startCommand(command, { cwd: folder, env });
    onTestFinished(() => router.stop());
    await router.waitFor(withOwnPorts('127.0.0.1:4007'));
    const { data, errors } = await postOperation(
      urlOf(4007),
      blocks('graphql')[0] ?? '',
      {},
      {
        headers: { accept: 'application/json' },
      },
    );
    expect({ data, errors }).toEqual(JSON.parse(blocks('json')[0] ?? ''));
  });
});

describe('the recipes of examples/supergraph', () => {
  const read = async (path: string): Promise<unknown> => parse(await readFile(join(example, path), 'utf8'));
  const sdlOf = (recipe: string, file: string) => readFile(join(example, dirname(recipe), file), 'utf8');

  interface Recipe {
    readonly routing_url: string;
    readonly schema: { readonly file: string };
  }

  async function subgraphsOf(recipe: string): Promise<readonly ComposedSubgraph[]> {
    const { subgraphs } = (await read(recipe)) as {
      readonly subgraphs: Readonly<Record<string, Recipe>> | readonly (Recipe & { readonly name: string })[];
    };
    const list = Array.isArray(subgraphs)
      ? (subgraphs as readonly (Recipe & { readonly name: string })[])
      : Object.entries(subgraphs).map(([name, recipeOf]) => ({ ...(recipeOf as Recipe), name }));
    return Promise.all(
      list.map(async ({ name, routing_url: url, schema }) => ({
        name,
        url,
        sdl: await sdlOf(recipe, schema.file),
      })),
    );
  }

  it.each([
    ['apollo-router/supergraph.yaml', 'apollo-composition-2.6'],
    ['apollo-router/supergraph.yaml', '@apollo/composition'],
    ['cosmo/compose.yaml', '@wundergraph/composition'],
  ])('%s is composed by %s', async (recipe, composer) => {
    const subgraphs = await subgraphsOf(recipe);
    expect(subgraphs.map(({ name }) => name)).toEqual(['payouts', 'books', 'ledger', 'suppliers']);
    const { errors, supergraph } = composers[composer]?.(subgraphs) ?? {};
    expect(errors).toEqual([]);
    expect(supergraph).toContain('bookedTo');
  });

  it.runIf(hasGrafbase)('grafbase/grafbase.toml is composed by Grafbase', async () => {
    const args = ['compose', '--config', 'grafbase/grafbase.toml'];
    const env = { ...process.env, ROUTER_SECRET: 'any' };
    const { stdout } = await promisify(execFile)(grafbase, args, { cwd: example, env });
    expect(stdout).toContain('bookedTo');
  });

  it.each([
    ['apollo-router/router.yaml', ({ traffic_shaping: { all } }: Settings) => all.timeout],
    ['cosmo/config.yaml', ({ traffic_shaping: { all } }: Settings) => all.request_timeout],
  ])(
    '%s sends the secret to the payouts only, forwards tokens, and waits longer than the gateway',
    async (recipe, timeoutOf) => {
      const settings = (await read(recipe)) as Settings;
      const { all, subgraphs } = settings.headers;
      expect(JSON.stringify(all.request)).toContain('"authorization"');
      expect(Object.keys(subgraphs)).toEqual(['payouts']);
      expect(JSON.stringify(subgraphs['payouts'])).toMatch(/"x-router-secret".*ROUTER_SECRET/);
      expect(timeoutOf(settings)).toMatch(/^\d+s$/);
      expect(Number.parseInt(timeoutOf(settings) ?? '') * 1000).toBeGreaterThan(
        Number(defaults['LEAN_TIMEOUT_MS']),
      );
    },
  );
});

interface Settings {
  readonly headers: {
    readonly all: { readonly request: object };
    readonly subgraphs: Readonly<Record<string, object>>;
  };
  readonly traffic_shaping: {
    readonly all: { readonly timeout?: string; readonly request_timeout?: string };
  };
}
