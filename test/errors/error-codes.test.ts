import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, expectTypeOf, it } from 'vitest';
import type { LeanErrorCode } from '../../src/errors/lean-errors.ts';
import { errorCodes, type ErrorCode } from '../../src/errors/error-codes.ts';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/** What is refused by MCP alone. */
const notOfTheGraph = new Set(['SIMILAR_PAYOUT_UNKNOWN']);

it('the list of error codes has those of Lean’s failures', () => {
  expectTypeOf<LeanErrorCode>().toExtend<ErrorCode>();
});

it('the list of error codes has those of every error class, and of what the endpoint itself refuses', async () => {
  const files = await Promise.all(
    ['payouts', 'access', 'adapters/graphql'].map(async folder =>
      (await readdir(join(root, folder))).map(name => join(root, folder, name)),
    ),
  );
  const texts = await Promise.all(
    files
      .flat()
      .filter(name => name.endsWith('.ts'))
      .map(name => readFile(name, 'utf8')),
  );
  const codes = texts.flatMap(text =>
    [...text.matchAll(/readonly code = '([A-Z_]+)'|extensions: \{ code: '([A-Z_]+)'/g)].map(
      ([, ofClass, ofAnswer]) => ofClass ?? ofAnswer ?? '',
    ),
  );
  expect(codes.length).toBeGreaterThan(10);
  expect(
    codes.filter(code => !notOfTheGraph.has(code) && !(errorCodes as readonly string[]).includes(code)),
  ).toEqual([]);
});
