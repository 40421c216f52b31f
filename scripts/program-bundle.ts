import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const require = createRequire(import.meta.url);

export interface BundleOptions {
  /** The source files of the programs, relative to the project, by the paths of their bundles without `.js`. */
  readonly programs: Readonly<Record<string, string>>;
  /** The folder for the bundles. Files of earlier bundles stay in it. */
  readonly folder: string;
  /** A package that is not bundled, by its name. Programs load the installed one. @default none */
  readonly unbundled?: string;
}

/**
 * Bundles programs with all their packages into a few files, which start in about half of the CPU time. The bundles run
 * only where they were made, because they read files such as `package.json` next to their sources.
 */
export async function bundlePrograms({ programs, folder, unbundled }: BundleOptions): Promise<void> {
  const bundle = await rolldown({
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    input: programs,
    platform: 'node',
    logLevel: 'warn',
    external: /^node:/,
    plugins: [
      {
        name: 'keep-paths',
        resolveId: source =>
          source === unbundled
            ? { id: pathToFileURL(require.resolve(source)).href, external: true }
            : undefined,
        transform: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  await bundle.write({
    dir: folder,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    keepNames: true,
  });
  await bundle.close();
  // Outside of the project Node would not know that the files are ES modules.
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
}

/** Bundles the programs that the image runs, under the names that `npm run build` gives them in `dist`. */
export function bundleForImage(folder: string): Promise<void> {
  return bundlePrograms({ programs: { main: 'src/main.ts', 'sandbox/main': 'src/sandbox/main.ts' }, folder });
}
