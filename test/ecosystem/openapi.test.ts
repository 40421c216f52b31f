import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@hey-api/openapi-ts';
import spectral from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startListeningGateway } from '../support/running-gateway.ts';

const run = promisify(execFile);
const packageFile = (path: string): string =>
  fileURLToPath(new URL(`./node_modules/${path}`, import.meta.url));

/** Checks a file of TypeScript with the strict rules of the compiler, which must print nothing. */
async function compile(file: string): Promise<void> {
  const options = '--noEmit --strict --skipLibCheck --target es2022 --module nodenext'.split(' ');
  const compiler = packageFile('typescript/bin/tsc');
  const { stdout, code } = await run(process.execPath, [compiler, ...options, file]).then(
    printed => ({ ...printed, code: 0 }),
    (error: unknown) => error as { readonly stdout: string; readonly code: number },
  );
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
}

describe.each(['none', 'jwt'])('the OpenAPI document with AUTH=%s', auth => {
  let text = '';
  let folder = '';
  let file = '';
  beforeAll(async () => {
    const issuer = await startIssuer();
    const gateway = await startListeningGateway({
      env: { REST_PORT: '0', ...(auth === 'jwt' && issuer.env) },
    });
    text = await (await fetch(`${gateway.restUrl ?? ''}/openapi.json`)).text();
    await gateway.close();
    await issuer.close();
    folder = await mkdtemp(join(tmpdir(), 'lean-payouts-openapi-'));
    file = join(folder, 'openapi.json');
    await writeFile(file, text);
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('has no findings of Spectral', async () => {
    const linter = new spectral.Spectral();
    linter.setRuleset({ extends: [oas] } as never);
    const findings = await linter.run(text);
    expect(findings.map(({ code, path, message }) => ({ code, path: path.join('/'), message }))).toEqual([]);
  });

  it('has no findings of Redocly', async () => {
    const cli = packageFile('@redocly/cli/bin/cli.js');
    const { stdout } = await run(
      process.execPath,
      [cli, 'lint', file, '--format=json', '--extends=recommended'],
      {
        cwd: folder,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    ).catch((error: unknown) => error as { readonly stdout: string });
    expect(JSON.parse(stdout)).toMatchObject({ totals: { errors: 0, warnings: 0 }, problems: [] });
  });

  it('gives types by openapi-typescript and a client by @hey-api/openapi-ts that compile', async () => {
    await writeFile(join(folder, 'types.ts'), astToString(await openapiTypescript(text)));
    const output = join(folder, 'client');
    await createClient({ input: file, output, logs: { level: 'silent' } });
    const use = `
      import type { operations } from './types.js';
      import { listPayouts } from './client/index.js';
      type Page = operations['listPayouts']['responses'][200]['content']['application/json'];
      export const sizeOf = (page: Page): number => page.content?.length ?? 0;
      export const read = () => listPayouts({ query: { page_size: 5 } });
    `;
    await writeFile(join(folder, 'use.ts'), use);
    await compile(join(folder, 'use.ts'));
  });
});
