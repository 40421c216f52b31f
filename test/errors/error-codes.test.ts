import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, expectTypeOf, it } from 'vitest';
import type { LeanErrorCode } from '../../src/errors/lean-errors.ts';
import { describeCode, errorCodes, operationErrors, type ErrorCode } from '../../src/errors/error-codes.ts';

const src = join(import.meta.dirname, '../../src');

it('the registry has the code of every failure of Lean', () => {
  expectTypeOf<LeanErrorCode>().toExtend<ErrorCode>();
});

it('the registry has every code that an error class or a surface names', async () => {
  const files = (await readdir(src, { recursive: true })).filter(name =>
    /^(?:errors|adapters)\/.*\.ts$/.test(name),
  );
  const texts = await Promise.all(files.map(name => readFile(join(src, name), 'utf8')));
  const codes = texts.flatMap(text =>
    [...text.matchAll(/\bcode(?: =|:) '([A-Z_]+)'/g)].map(([, code = '']) => code),
  );
  expect(codes.length).toBeGreaterThan(20);
  const known: readonly string[] = [...errorCodes, ...Object.keys(operationErrors)];
  expect(codes.filter(code => !known.includes(code))).toEqual([]);
});

it.each([...errorCodes, ...(Object.keys(operationErrors) as (keyof typeof operationErrors)[])])(
  '%s has an HTTP status for errors, and sentences for its cause and for what to do',
  code => {
    const { httpStatus, meaning, advice } = describeCode(code);
    expect(httpStatus).toBeGreaterThanOrEqual(400);
    expect(meaning).toMatch(/^.{15,}\.$|^.{15,}\)\.$/);
    expect(advice).toMatch(/\.$/);
  },
);
