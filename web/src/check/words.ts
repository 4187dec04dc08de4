// Every word of the device check, in the languages of the page.

import { type Language, language } from '../ui/words.ts';
import { de } from './words/de.ts';
import { en } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import { pt } from './words/pt.ts';

export type CheckKey = keyof typeof en;
export type CheckWords = Record<CheckKey, string>;

const DICTIONARIES: Readonly<Record<Language, CheckWords>> = { en, de, es, fr, pt };

export const c = (key: CheckKey): string => DICTIONARIES[language.value][key];
