// Every word of the host page, in the languages of the page.

import { fill, type Language, language } from '../ui/words.ts';
import { de } from './words/de.ts';
import { en } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import { pt } from './words/pt.ts';

export type HostKey = keyof typeof en;
export type HostWords = Record<HostKey, string>;

export const dictionaries: Readonly<Record<Language, HostWords>> = { en, de, es, fr, pt };

/** The text of that key; `{name}` in it is replaced by the value of that name. */
export const h = (key: HostKey, values: Record<string, string | number> = {}): string =>
  fill(dictionaries[language.value][key], values);
