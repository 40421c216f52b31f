import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface PackageJson {
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | Record<string, string>>;
  readonly files: readonly string[];
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as PackageJson;

describe('the published package', () => {
  let outDir: string;
  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'lean-payouts-build-'));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', outDir], {
      cwd: root,
    });
  });
  afterAll(() => rm(outDir, { recursive: true }));

  /** The location of a path of the package after the build. */
  const locationOf = (path: string): string =>
    path.replace(/^\.\//, '').startsWith('dist/')
      ? join(outDir, path.replace(/^(\.\/)?dist\//, ''))
      : join(root, path);

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

  it('imports no development dependencies', async () => {
    const { stdout } = await promisify(execFile)('grep', [
      '-rhoE',
      "from '[^.'][^']*'",
      '--include=*.js',
      outDir,
    ]);
    const imported = new Set(
      [...stdout.matchAll(/from '((?:@[^/']+\/)?[^/']+)/g)].map(([, name = '']) => name),
    );
    const installed = Object.keys(manifest.dependencies);
    expect([...imported].filter(name => !name.startsWith('node:') && !installed.includes(name))).toEqual([]);
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
