import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { fencedBlocks } from './support/fenced-blocks.ts';
import { startListeningGateway, type ListeningGateway } from './support/running-gateway.ts';

/*
 * The image, the compose file and the notes for Kubernetes agree with the gateway. They are only read and not run,
 * because that needs a container engine.
 */
const run = promisify(execFile);
const readText = (path: string): Promise<string> => readFile(path, 'utf8');

interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The instructions of the Dockerfile, with continued lines joined. */
const instructions: Instruction[] = (await readText('Dockerfile'))
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter(line => line.trim() !== '')
  .map(line => {
    const [, name = '', value = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    return { name, value };
  });
const valuesOf = (name: string): string[] =>
  instructions.filter(instruction => instruction.name === name).map(({ value }) => value);

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}
const { services } = parse(await readText('compose.yaml')) as {
  readonly services: Readonly<Record<'gateway' | 'sandbox' | 'postgres', Service>>;
};

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
}
interface Resource {
  readonly kind: string;
  readonly spec: {
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[];
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: { readonly fsGroup?: number };
        readonly containers: readonly [Container];
      };
    };
  };
}
const kubernetes = await readText('docs/kubernetes.md');
const resources = fencedBlocks(kubernetes, 'yaml')
  .flatMap(block => parseAllDocuments(block))
  .map(document => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Resource;
  });
const [deployment] = resources.filter(({ kind }) => kind === 'Deployment');
if (deployment === undefined) throw new Error('docs/kubernetes.md has no Deployment');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

const example = await readText('.env.example');
const gatewayVariables = [...example.matchAll(/^([A-Z][A-Z_]+)=/gm)].map(([, name = '']) => name);
const defaultOf = (variable: string): string =>
  new RegExp(`^${variable}=(.*)$`, 'm').exec(example)?.[1] ?? '';
/** Variables that Node, its packages and SQLite read. */
const otherVariables = ['LD_PRELOAD', 'NODE_ENV', 'NODE_OPTIONS', 'SQLITE_TMPDIR'];

describe('the image', () => {
  const environment = Object.fromEntries(
    valuesOf('ENV').flatMap(value => value.split(/ +/).map(pair => pair.split('=') as [string, string])),
  );
  const [user = ''] = valuesOf('USER');

  it('has only known Dockerfile instructions', () => {
    const names = 'FROM WORKDIR COPY RUN ENV EXPOSE VOLUME USER HEALTHCHECK ENTRYPOINT CMD'.split(' ');
    expect(instructions.filter(({ name }) => !names.includes(name))).toEqual([]);
  });

  it('is built from the exact Node version that runs the tests', async () => {
    const { devDependencies } = JSON.parse(await readText('package.json')) as {
      readonly devDependencies: { readonly node: string };
    };
    const [base] = valuesOf('FROM');
    expect(base).toMatch(/^node:\d+\.\d+\.\d+-\w+-slim AS node$/);
    expect(base?.split(/[:-]/)[1]).toBe(devDependencies.node);
    expect(
      valuesOf('FROM')
        .slice(1)
        .map(value => value.split(' ')[0]),
    ).toEqual(['node', 'node', 'node']);
  });

  it('copies only existing files, which .dockerignore allows', async () => {
    const ignored = (await readText('.dockerignore')).split('\n').filter(line => !/^(#|$)/.test(line));
    const sources = valuesOf('COPY')
      .filter(value => !value.startsWith('--from='))
      .flatMap(value => value.split(/ +/).slice(0, -1));
    expect(ignored[0]).toBe('*');
    expect(ignored.slice(1).toSorted()).toEqual([...new Set(sources)].map(source => `!${source}`).toSorted());
    for (const source of sources) await access(source);
  });

  it('runs as a numeric user that is not root', () => {
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('stores records in a volume that only this user may read', () => {
    const [uid, gid] = user.split(':');
    expect(valuesOf('VOLUME')).toEqual([environment['DATA_DIR']]);
    expect(valuesOf('RUN')).toContain(
      `install -d -o ${String(uid)} -g ${String(gid)} -m 700 ${String(environment['DATA_DIR'])}`,
    );
  });

  it('sets only variables that the gateway reads, and listens outside of the container', () => {
    expect(
      Object.keys(environment).filter(name => ![...gatewayVariables, ...otherVariables].includes(name)),
    ).toEqual([]);
    expect(environment['HOST']).toBe('0.0.0.0');
  });

  it('installs the allocator that it preloads', () => {
    expect(environment['LD_PRELOAD']).toBe('libjemalloc.so.2');
    expect(valuesOf('RUN').join()).toMatch(/apt-get install -y --no-install-recommends libjemalloc2 /);
  });

  it('exposes the default ports of the gateway', () => {
    expect(valuesOf('EXPOSE').join(' ')).toBe(['PORT', 'REST_PORT', 'MCP_PORT'].map(defaultOf).join(' '));
  });

  it('passes the same options to Node as npm start', async () => {
    const { scripts } = JSON.parse(await readText('package.json')) as {
      readonly scripts: { readonly start: string };
    };
    const options = scripts.start.split(' ').filter(word => word.startsWith('--'));
    expect(options).not.toEqual([]);
    expect(valuesOf('ENV')).toContain(`NODE_OPTIONS=${options.join(' ')}`);
  });

  it('starts the gateway without a shell or npm', async () => {
    expect(valuesOf('ENTRYPOINT').map(value => JSON.parse(value) as unknown)).toEqual([['node']]);
    const [command] = valuesOf('CMD').map(value => JSON.parse(value) as readonly string[]);
    await expectSourceOf(command);
  });

  it('contains bundles that import only each other and modules of Node, and run', async () => {
    const bundling = valuesOf('RUN').filter(value => value.startsWith('node '));
    expect(bundling).toEqual(['node scripts/bundle.ts dist']);
    const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-image-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await run(process.execPath, ['scripts/bundle.ts', folder]);
    const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.js'));
    expect(files).toEqual(expect.arrayContaining(['main.js', 'sandbox/main.js']));
    const imported = await Promise.all(
      files.map(async name =>
        [...(await readText(join(folder, name))).matchAll(/^(?:import|export) .*"([^"]+)";$/gm)].map(
          ([, source]) => source,
        ),
      ),
    );
    expect(imported.flat().filter((source = '') => !source.startsWith('.') && !isBuiltin(source))).toEqual(
      [],
    );
    const { version } = JSON.parse(await readText('package.json')) as { readonly version: string };
    const { stdout } = await run(process.execPath, [join(folder, 'main.js'), '--version']);
    expect(stdout).toBe(`${version}\n`);
  });
});

describe('the compose file', () => {
  it('sets only variables that the gateway reads', () => {
    const names = Object.keys(services.gateway.environment ?? {});
    expect(names.filter(name => !gatewayVariables.includes(name))).toEqual([]);
  });

  it('publishes only the ports of the gateway, and only on this machine', () => {
    expect(services.gateway.ports).toEqual(
      ['PORT', 'REST_PORT', 'MCP_PORT'].map(name => `127.0.0.1:${defaultOf(name)}:${defaultOf(name)}`),
    );
    expect([services.sandbox.ports, services.postgres.ports]).toEqual([undefined, undefined]);
  });

  it('runs the sandbox from the gateway’s image', async () => {
    expect(services.sandbox.image).toBe(services.gateway.image);
    await expectSourceOf(services.sandbox.command);
  });

  it('connects the gateway to the sandbox and the database with their addresses and credentials', async () => {
    const { LEAN_BASE_URL, LEAN_API_TOKEN, DATABASE_URL } = services.gateway.environment ?? {};
    const { sandboxCredentials } = await import('../src/sandbox/fixtures.ts');
    const { parseSettings } = await import('../src/sandbox/settings.ts');
    expect(parseSettings({})).toMatchObject({ port: Number(new URL(LEAN_BASE_URL ?? '').port) });
    expect(new URL(LEAN_BASE_URL ?? '').hostname).toBe('sandbox');
    expect(LEAN_API_TOKEN).toBe(sandboxCredentials.token);
    const { POSTGRES_USER: name = '', POSTGRES_PASSWORD: password = '' } =
      services.postgres.environment ?? {};
    expect(DATABASE_URL).toBe(`postgres://${name}:${password}@postgres:5432/${name}`);
  });

  it('starts the gateway after PostgreSQL and the sandbox are healthy', () => {
    expect(services.gateway.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      sandbox: { condition: 'service_healthy' },
    });
  });

  it('lets the gateway finish its payouts before it is killed', () => {
    const seconds = Number(services.gateway.stop_grace_period?.replace(/s$/, ''));
    expect(seconds).toBeGreaterThanOrEqual(Number(defaultOf('LEAN_TIMEOUT_MS')) / 1000 + 10);
  });
});

describe('the notes for Kubernetes', () => {
  it('set only variables that the gateway reads', () => {
    const names = [
      ...container.env.map(({ name }) => name),
      ...[...kubernetes.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name),
    ];
    expect(names.filter(name => !gatewayVariables.includes(name) && name !== 'LEAN_MTLS')).toEqual([]);
  });

  it('contain the default ports of the gateway', () => {
    const ports = container.ports.map(({ containerPort }) => String(containerPort));
    expect(ports).toEqual(['PORT', 'REST_PORT', 'MCP_PORT'].map(defaultOf));
    const [service] = resources.filter(({ kind }) => kind === 'Service');
    expect(
      service?.spec.ports.map(({ port, targetPort }) => ({ name: targetPort, containerPort: port })),
    ).toEqual(container.ports);
  });

  it('let a pod finish its payouts after the sleep', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      container.lifecycle.preStop.sleep.seconds + Number(defaultOf('LEAN_TIMEOUT_MS')) / 1000 + 10,
    );
  });

  it('make the group of the image’s user the owner of the volume', () => {
    const groups = resources
      .filter(({ kind }) => kind === 'Deployment')
      .map(({ spec }) => spec.template.spec.securityContext.fsGroup);
    expect(groups).toEqual([undefined, Number(valuesOf('USER')[0]?.split(':')[1])]);
  });
});

describe('the probes', () => {
  let gateway: ListeningGateway;
  beforeAll(async () => {
    gateway = await startListeningGateway();
  });
  afterAll(() => gateway.close());

  const { startupProbe, livenessProbe, readinessProbe } = container;

  it.each(Object.entries({ startupProbe, livenessProbe, readinessProbe }))(
    '%s requests a path that exists on the GraphQL port',
    async (_name, { httpGet }) => {
      expect(httpGet.port).toBe(container.ports[0]?.name);
      expect(await fetch(gateway.origin + httpGet.path)).toHaveProperty('status', 200);
    },
  );

  it('of the image requests a path that exists', async () => {
    const [, path = ''] = /'(\/\w+)'/.exec(valuesOf('HEALTHCHECK')[0] ?? '') ?? [];
    expect(path).toBe('/health');
    expect(await fetch(gateway.origin + path)).toHaveProperty('status', 200);
  });

  it('and Prometheus use the GraphQL port', async () => {
    expect(kubernetes).toMatch(new RegExp(`/metrics.*\\s.*scrape the pods at port ${defaultOf('PORT')},`));
    expect(await fetch(`${gateway.origin}/metrics`)).toHaveProperty('status', 200);
  });

  it('do not restart the gateway for failures of Lean', () => {
    expect([startupProbe, livenessProbe].map(({ httpGet }) => httpGet.path)).toEqual(['/health', '/health']);
  });
});

/** Asserts that a program of the image is built from an existing source file. */
async function expectSourceOf(command: readonly string[] | undefined): Promise<void> {
  const [program = ''] = command ?? [];
  expect(program).toMatch(/^dist\/.*\.js$/);
  await access(program.replace('dist/', 'src/').replace(/js$/, 'ts'));
}
