import { useEffect, useRef, useState } from 'preact/hooks';
import { join } from '../conversation.ts';
import { MAX_NAME_CHARACTERS, nameProblem } from '../names.ts';
import { EarIcon, Mark, MicrophoneIcon } from './icons.tsx';
import { name } from './settings.ts';
import { SettingsForm } from './settings-form.tsx';
import { SoundCheck } from './sound-check.tsx';
import { room } from './store.ts';
import { type Key, t } from './words.ts';

export function Join({ entering }: { entering: boolean }) {
  const [problem, setProblem] = useState<Key | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (name.value === '') input.current?.focus();
  }, []);

  const enter = (mode: 'talk' | 'listen') => {
    const found = nameProblem(name.value);
    setProblem(found);
    if (found === null) join(mode);
    else input.current?.focus();
  };

  return (
    <main class="join">
      <header class="join-head">
        <Mark />
        <h1>Lanline</h1>
        <p>{t('tagline')}</p>
      </header>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          enter('talk');
        }}
      >
        <p class="join-room">
          {t('room')} <strong data-testid="room-name">{room}</strong>
        </p>
        <label class="field">
          <span>{t('yourName')}</span>
          <input
            ref={input}
            data-testid="name"
            type="text"
            name="name"
            autocomplete="nickname"
            autocapitalize="words"
            enterkeyhint="go"
            maxLength={64}
            value={name.value}
            disabled={entering}
            aria-invalid={problem !== null}
            aria-describedby="name-problem"
            onInput={(event) => {
              name.value = event.currentTarget.value;
              setProblem(null);
            }}
          />
        </label>
        <p id="name-problem" class="problem" role="alert">
          {problem === null ? '' : t(problem, { most: MAX_NAME_CHARACTERS })}
        </p>
        <button class="button primary" type="submit" data-testid="join" disabled={entering}>
          <MicrophoneIcon />
          {t(entering ? 'joining' : 'joinTalk')}
        </button>
        <button
          class="button plain"
          type="button"
          data-testid="join-listen"
          disabled={entering}
          onClick={() => enter('listen')}
        >
          <EarIcon />
          {t('onlyListen')}
        </button>
        <details class="settings">
          <summary data-testid="sound-check">{t('soundCheck')}</summary>
          <SoundCheck ends={entering} />
        </details>
        <details class="settings">
          <summary data-testid="sound-settings">{t('soundSettings')}</summary>
          <div class="settings-inside">
            <SettingsForm />
          </div>
        </details>
      </form>
      <p class="join-foot">{t('joinFoot')}</p>
    </main>
  );
}
