import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packagedChromium, { inflate } from '@sparticuz/chromium';
import { chromium, type Browser } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const programNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Starts the browser that `CHROMIUM_PATH` names, or an installed one, or else the packaged one (Linux x64). Throws an
 * Error if none can be started.
 */
export async function startBrowser(): Promise<Browser> {
  const path = process.env['CHROMIUM_PATH'] ?? programNames.map(onPath).find(found => found !== undefined);
  if (path !== undefined) return chromium.launch({ executablePath: path, args: flags });
  try {
    const executablePath = await packagedChromium.executablePath();
    // Libraries that a minimal machine lacks. The package unpacks them by itself only on AWS.
    const libraries = await inflate(
      fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))),
    );
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: join(libraries, 'lib'),
      FONTCONFIG_PATH: join(tmpdir(), 'fonts'),
    };
    return await chromium.launch({ executablePath, args: flags, env });
  } catch (cause) {
    throw new Error(
      'No browser could be started. Install Chromium or Chrome, or set CHROMIUM_PATH to its executable.',
      {
        cause,
      },
    );
  }
}

function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, program))
    .find(file => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
