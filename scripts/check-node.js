import { readFileSync } from 'node:fs';

/*
 * Runs before the scripts that start or test the program. They run TypeScript sources, on which an older Node fails
 * with a stack trace. This file is plain JavaScript, so that every Node can run it.
 */
const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [major, minor] = engines.node.match(/\d+/g).map(Number);
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
  process.stderr.write(
    `Node ${process.versions.node} is too old; this program needs Node ${String(major)}.${String(minor)} or later.\n`,
  );
  process.exit(1);
}
