import { expect, it } from 'vitest';
import { createKeyedLoader } from '../../src/loaders/keyed-loader.ts';

it('a keyed loader returns an error only for its key, whether the load throws or rejects', async () => {
  const thrown = new Error('thrown');
  const rejected = new Error('rejected');
  const loaded: string[] = [];
  const loader = createKeyedLoader<string, string>({
    load: key => {
      loaded.push(key);
      if (key === 'throws') throw thrown;
      return key === 'rejects' ? Promise.reject(rejected) : Promise.resolve(`value of ${key}`);
    },
  });
  const keys = ['rejects', 'a', 'throws', 'b', 'a'];
  expect(await loader.loadMany(keys)).toEqual([rejected, 'value of a', thrown, 'value of b', 'value of a']);
  expect(loaded).toEqual(['rejects', 'a', 'throws', 'b']);
});

it('a keyed loader wraps a rejection with a value that is not an Error', async () => {
  const loader = createKeyedLoader<string, string>({
    // The reason of an abort signal may be any value.
    load: () => Promise.reject('gone'),
  });
  expect(await loader.loadMany(['a'])).toMatchObject([
    { message: 'a value that is not an error was thrown', cause: 'gone' },
  ]);
});
