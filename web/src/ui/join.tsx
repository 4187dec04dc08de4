import { useEffect, useRef, useState } from 'preact/hooks';
import type { Processing } from '../audio/capture.ts';
import { join } from '../conversation.ts';
import { nameProblem } from '../names.ts';
import { EarIcon, Mark, MicrophoneIcon } from './icons.tsx';
import { name, processing, remember, room } from './store.ts';

export function Join({ entering }: { entering: boolean }) {
  const [problem, setProblem] = useState<string | null>(null);
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
        <p>Voice for the people on this Wi-Fi.</p>
      </header>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          enter('talk');
        }}
      >
        <p class="join-room">
          Room <strong data-testid="room-name">{room}</strong>
        </p>
        <label class="field">
          <span>Your name</span>
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
          {problem}
        </p>
        <button class="button primary" type="submit" data-testid="join" disabled={entering}>
          <MicrophoneIcon />
          {entering ? 'Joining…' : 'Join and talk'}
        </button>
        <button
          class="button plain"
          type="button"
          data-testid="join-listen"
          disabled={entering}
          onClick={() => enter('listen')}
        >
          <EarIcon />
          Only listen
        </button>
        <SoundSettings />
      </form>
      <p class="join-foot">Nothing leaves this network. No account, no internet.</p>
    </main>
  );
}

const SWITCHES: { of: keyof Processing; key: string; label: string; help: string }[] = [
  {
    of: 'echoCancellation',
    key: 'echo-cancellation',
    label: 'Cancel echo',
    help: 'Keep on unless you wear headphones.',
  },
  { of: 'noiseSuppression', key: 'noise-suppression', label: 'Suppress noise', help: 'Off for music.' },
  { of: 'autoGainControl', key: 'automatic-gain', label: 'Even out the volume', help: 'Off for music.' },
];

function SoundSettings() {
  return (
    <details class="settings">
      <summary data-testid="sound-settings">Sound settings</summary>
      {SWITCHES.map(({ of, key, label, help }) => (
        <label class="switch" key={key}>
          <span>
            {label}
            <small>{help}</small>
          </span>
          <input
            type="checkbox"
            role="switch"
            aria-checked={processing.value[of]}
            data-testid={key}
            checked={processing.value[of]}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              processing.value = { ...processing.value, [of]: on };
              remember(key, on ? 'on' : 'off');
            }}
          />
        </label>
      ))}
    </details>
  );
}
