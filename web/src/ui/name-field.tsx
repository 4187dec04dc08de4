// The name that one is shown under, and what is wrong with it.

import type { RefObject } from 'preact';
import { MAX_NAME_CHARACTERS, type nameProblem } from '../names.ts';
import { t } from './words.ts';

interface Props {
  input: RefObject<HTMLInputElement | null>;
  value: string;
  problem: ReturnType<typeof nameProblem>;
  disabled?: boolean;
  enter: 'go' | 'done';
  onInput: (name: string) => void;
}

export function NameField({ input, value, problem, disabled = false, enter, onInput }: Props) {
  return (
    <>
      <label class="field">
        <span>{t('yourName')}</span>
        <input
          ref={input}
          data-testid="name"
          type="text"
          name="name"
          autocomplete="nickname"
          autocapitalize="words"
          enterkeyhint={enter}
          maxLength={64}
          value={value}
          disabled={disabled}
          aria-invalid={problem !== null}
          aria-describedby="name-problem"
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      </label>
      <p id="name-problem" class="problem" role="alert">
        {problem === null ? '' : t(problem, { most: MAX_NAME_CHARACTERS })}
      </p>
    </>
  );
}
