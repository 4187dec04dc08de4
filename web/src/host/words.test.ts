// Proves: the host page leaves nothing out in any language.

import { expect, test } from 'vitest';
import { dictionaries, type HostKey } from './words.ts';

test.each(Object.entries(dictionaries))('%s fills in what English does, and leaves nothing empty', (_, words) => {
  for (const key of Object.keys(dictionaries.en) as HostKey[]) {
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    expect(places(words[key]), key).toEqual(places(dictionaries.en[key]));
    expect(words[key].trim(), key).not.toBe('');
  }
});
