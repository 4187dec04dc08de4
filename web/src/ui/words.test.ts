// Proves: a reader gets their language, and every translation has the same places to fill in as the English text.

import { expect, test } from 'vitest';
import { chooseLanguage, dictionaries, type Key, t } from './words.ts';

test('the first wished language that there is, is taken', () => {
  expect(chooseLanguage(['', 'nl-BE', 'fr-CA', 'de'])).toBe('fr');
  expect(chooseLanguage(['xx', 'constructor'])).toBe('en');
});

test.each(Object.entries(dictionaries))('%s fills in what English does, and leaves nothing empty', (_, words) => {
  for (const key of Object.keys(dictionaries.en) as Key[]) {
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    expect(places(words[key]), key).toEqual(places(dictionaries.en[key]));
    expect(words[key].trim(), key).not.toBe('');
  }
});

test('values are put where their names are, and are not looked into', () => {
  expect(t('joined', { name: '{ms}' })).toBe('{ms} joined');
});
