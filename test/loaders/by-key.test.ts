import { expect, it } from 'vitest';
import { byKey } from '../../src/loaders/by-key.ts';

it('loads each key for itself: what fails, at once or later, is that key’s alone', async () => {
  const atOnce = new Error('at once');
  const later = new Error('later');
  const loaded: string[] = [];
  const loader = byKey<string, string>({
    load: key => {
      loaded.push(key);
      if (key === 'at once') throw atOnce;
      return key === 'later' ? Promise.reject(later) : Promise.resolve(`value of ${key}`);
    },
  });
  const keys = ['later', 'a', 'at once', 'b', 'a'];
  expect(await loader.loadMany(keys)).toEqual([later, 'value of a', atOnce, 'value of b', 'value of a']);
  expect(loaded).toEqual(['later', 'a', 'at once', 'b']);
});

it('makes an error of what is rejected and none', async () => {
  const loader = byKey<string, string>({
    // As a signal's reason may be.
    load: () => Promise.reject('gone'),
  });
  expect(await loader.loadMany(['a'])).toMatchObject([{ message: 'a read was given up', cause: 'gone' }]);
});
