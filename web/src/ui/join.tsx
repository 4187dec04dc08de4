import { useEffect, useRef, useState } from 'preact/hooks';
import { join } from '../conversation.ts';
import { nameProblem } from '../names.ts';
import { noteEntry } from './focus.ts';
import { EarIcon, Mark, MicrophoneIcon } from './icons.tsx';
import { NameField } from './name-field.tsx';
import { name } from './settings.ts';
import { SettingsForm } from './settings-form.tsx';
import { SoundCheck } from './sound-check.tsx';
import { allowing, room } from './store.ts';
import { t } from './words.ts';

export function Join({ entering }: { entering: boolean }) {
  const [problem, setProblem] = useState<ReturnType<typeof nameProblem>>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (name.value === '') input.current?.focus();
  }, []);

  const enter = (mode: 'talk' | 'listen') => {
    const found = nameProblem(name.value);
    setProblem(found);
    if (found !== null) {
      input.current?.focus();
      return;
    }
    noteEntry();
    join(mode);
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
        <NameField
          input={input}
          value={name.value}
          problem={problem}
          disabled={entering}
          enter="go"
          onInput={(typed) => {
            name.value = typed;
            setProblem(null);
          }}
        />
        <button class="button primary" type="submit" data-testid="join" disabled={entering}>
          <MicrophoneIcon />
          {t(!entering ? 'joinTalk' : allowing.value ? 'allow' : 'joining')}
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
