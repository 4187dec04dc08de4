// Every word on the screen, in the reader's language. English is the original; the others have the same keys or do not
// compile.

import { signal } from '@preact/signals';
import { remember, remembered } from './settings.ts';
import { de } from './words/de.ts';
import { en } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import { pt } from './words/pt.ts';

export type Key = keyof typeof en;
export type Words = Record<Key, string>;

const DICTIONARIES = { en, de, es, fr, pt } satisfies Record<string, Words>;
export type Language = keyof typeof DICTIONARIES;

export const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch' },
  { code: 'es', name: 'Español' },
  { code: 'fr', name: 'Français' },
  { code: 'pt', name: 'Português' },
];

export const language = signal<Language>(
  chooseLanguage([remembered('language') ?? '', ...(globalThis.navigator?.languages ?? [])]),
);

export function setLanguage(code: Language): void {
  language.value = code;
  remember('language', code);
}

/** The text of that key; `{name}` in it is replaced by the value of that name. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(DICTIONARIES[language.value][key], values);
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The first of the wished languages that there is, whatever its region; English if none. */
export function chooseLanguage(wished: readonly string[]): Language {
  for (const tag of wished) {
    const code = tag.toLowerCase().split('-')[0]!;
    if (Object.hasOwn(DICTIONARIES, code)) return code as Language;
  }
  return 'en';
}

export const dictionaries: Readonly<Record<Language, Words>> = DICTIONARIES;
