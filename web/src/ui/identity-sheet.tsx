// Oneself: the name and the colour that everybody sees.

import { batch } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { nameProblem } from '../names.ts';
import type { Participant } from '../net/text.ts';
import { CheckIcon } from './icons.tsx';
import { NameField } from './name-field.tsx';
import * as settings from './settings.ts';
import { Sheet } from './sheet.tsx';
import { type Key, t } from './words.ts';

/** By their place in the palette. */
const COLOURS = [
  'green',
  'brown',
  'blue',
  'plum',
  'olive',
  'violet',
  'red',
  'petrol',
] as const satisfies readonly Key[];

export function IdentitySheet({ self, onClose }: { self: Participant; onClose: () => void }) {
  const [name, setName] = useState(self.name);
  const [colour, setColour] = useState(self.colour);
  const [problem, setProblem] = useState<ReturnType<typeof nameProblem>>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const save = () => {
    const found = nameProblem(name);
    setProblem(found);
    if (found !== null) {
      input.current?.focus();
      return;
    }
    batch(() => {
      settings.set(settings.name, name.trim());
      // Who only wants another name goes on with whatever colour they are given.
      if (colour !== self.colour) settings.set(settings.colour, colour);
    });
    onClose();
  };

  return (
    <Sheet title={t('identity')} testid="identity-sheet" onClose={onClose}>
      <form
        class="identity"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <NameField
          input={input}
          value={name}
          problem={problem}
          enter="done"
          onInput={(typed) => {
            setName(typed);
            setProblem(null);
          }}
        />
        <fieldset class="palette">
          <legend>{t('colour')}</legend>
          {COLOURS.map((word, n) => (
            <label key={word} class={`swatch colour-${n}`}>
              <input
                type="radio"
                name="colour"
                data-testid={`colour-${n}`}
                aria-label={t(word)}
                checked={colour === n}
                onChange={() => setColour(n)}
              />
              {colour === n && <CheckIcon />}
            </label>
          ))}
        </fieldset>
        <button class="button primary" type="submit" data-testid="identity-save">
          {t('save')}
        </button>
      </form>
    </Sheet>
  );
}
