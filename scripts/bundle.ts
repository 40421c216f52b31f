import { bundleForImage } from './program-bundle.ts';

/* Bundles the programs of the image into a folder: `node scripts/bundle.ts dist`. */
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('Usage: node scripts/bundle.ts <folder>\n');
  process.exit(2);
}
await bundleForImage(folder);
