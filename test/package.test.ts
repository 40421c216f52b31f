import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface PackageJson {
  readonly version: string;
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | Record<string, string>>;
  readonly files: readonly string[];
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as PackageJson;

const run = promisify(execFile);

describe('the published package', () => {
  /** An empty project in which the package and its dependencies are installed, and nothing else. */
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'lean-payouts-package-'));
    // `npm pack` runs in a copy of the files that a clean clone has.
    const clone = join(project, 'clone');
    for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', ...manifest.files])
      if (name !== 'dist') await cp(join(root, name), join(clone, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
    await run('npm', ['pack', '--pack-destination', project, '--loglevel', 'error'], { cwd: clone });
    const tarball = (await readdir(project)).find(name => name.endsWith('.tgz')) ?? '';
    await mkdir(locationOf('.'), { recursive: true });
    await run('tar', ['-xzf', join(project, tarball), '--strip-components=1', '-C', locationOf('.')]);
    for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
      await mkdir(join(project, 'node_modules', name, '..'), { recursive: true });
      await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
    }
    await writeFile(join(project, 'package.json'), '{"type": "module"}');
  });
  afterAll(() => rm(project, { recursive: true }));

  /** The location of a path of the package in the project. */
  const locationOf = (path: string): string => join(project, 'node_modules/lean-payouts-gateway', path);

  const paths = [
    ...Object.values(manifest.bin),
    ...Object.values(manifest.exports).flatMap(target =>
      typeof target === 'string' ? [target] : Object.values(target),
    ),
  ];

  it('is built by npm run build', () => {
    expect(manifest.scripts['build']).toBe('tsc -p tsconfig.build.json');
  });

  it.each(paths)('contains %s', async path => {
    await access(locationOf(path));
    const plain = path.replace(/^\.\//, '');
    expect(manifest.files.some(file => plain === file || plain.startsWith(`${file}/`))).toBe(true);
  });

  it('contains types for each module', () => {
    for (const target of Object.values(manifest.exports))
      if (typeof target !== 'string') expect(target['types']).toMatch(/\.d\.ts$/);
  });

  it('has a program with a shebang', async () => {
    const [bin = ''] = Object.values(manifest.bin);
    expect(await readFile(locationOf(bin), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('has a program that runs', async () => {
    const [bin = ''] = Object.values(manifest.bin);
    expect((await run(process.execPath, [locationOf(bin), '--version'])).stdout).toBe(
      `${manifest.version}\n`,
    );
    await expect(run(locationOf(bin), [], { env: { PATH: process.env['PATH'] } })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^LEAN_API_TOKEN: is not set/) as string,
    });
  });

  /** The names under which a program imports the modules of the package. */
  const modules = Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([path]) => path.replace('.', 'lean-payouts-gateway'));

  it('has exports that can be imported', async () => {
    const files = Object.keys(manifest.exports).map(path => path.replace('.', 'lean-payouts-gateway'));
    const withCode = modules.filter(name => name !== 'lean-payouts-gateway/schema-types');
    const program = [
      ...withCode.map((name, index) => `import * as module${String(index)} from '${name}';`),
      `for (const module of [${withCode.map((_, index) => `module${String(index)}`).join(', ')}])`,
      '  if (Object.keys(module).length === 0) throw new Error("a module exports nothing");',
      `for (const name of ${JSON.stringify(files.filter(name => !modules.includes(name)))}) import.meta.resolve(name);`,
    ];
    await writeFile(join(project, 'imports.js'), program.join('\n'));
    expect(await run(process.execPath, [join(project, 'imports.js')])).toEqual({ stdout: '', stderr: '' });
  });

  it('has types without an error in a program that checks those of its libraries', async () => {
    const program = modules.map((name, index) => `import * as module${String(index)} from '${name}';`);
    const uses = modules.map((_, index) => `export type T${String(index)} = typeof module${String(index)};`);
    await writeFile(join(project, 'types.ts'), [...program, ...uses].join('\n'));
    const compilerOptions = {
      ...{ strict: true, noEmit: true, skipLibCheck: false, types: ['node'] },
      ...{ target: 'es2023', lib: ['es2023'], module: 'nodenext' },
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', project], { cwd: project }).catch(
      (error: unknown) => error as { readonly stdout: string },
    );
    // Packages that this one depends on may have errors of their own.
    const ours = /^(?:types\.ts|node_modules\/lean-payouts-gateway\/).*/gm;
    expect(stdout.match(ours) ?? []).toEqual([]);
  });

  it('imports no development dependencies', async () => {
    const { stdout } = await run('grep', [
      '-rhoE',
      "from '[^.'][^']*'",
      '--include=*.js',
      locationOf('dist'),
    ]);
    const imported = new Set(
      [...stdout.matchAll(/from '((?:@[^/']+\/)?[^/']+)/g)].map(([, name = '']) => name),
    );
    const dependencies = Object.keys(manifest.dependencies);
    expect([...imported].filter(name => !name.startsWith('node:') && !dependencies.includes(name))).toEqual(
      [],
    );
  });
});

describe('dependencies', () => {
  it.each(Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))(
    '%s is pinned to one version',
    (_name, version) => {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    },
  );
});
