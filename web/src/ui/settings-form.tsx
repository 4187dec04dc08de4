// How one talks and how it sounds: the same form before joining and in the room. Each choice is done at once.

import type { Signal } from '@preact/signals';
import { choosesSpeaker, inputs, outputs } from '../devices.ts';
import * as settings from './settings.ts';
import { echoCancelled } from './store.ts';
import { type Key, LANGUAGES, type Language, language, setLanguage, t } from './words.ts';

export function SettingsForm() {
  return (
    <>
      <TalkMode />
      <Volume />
      <Switch of={settings.music} testid="music" label="music" help="musicHelp" />
      <Switch
        of={settings.echoCancellation}
        testid="echo-cancellation"
        label="echo"
        help="echoHelp"
        off={settings.music.value}
      />
      {!echoCancelled.value && !settings.music.value && (
        <p class="hint" role="status">
          {t('echoMissing')}
        </p>
      )}
      <Switch
        of={settings.noiseSuppression}
        testid="noise-suppression"
        label="noise"
        help="noiseHelp"
        off={settings.music.value}
      />
      <Switch
        of={settings.autoGainControl}
        testid="automatic-gain"
        label="gain"
        help="gainHelp"
        off={settings.music.value}
      />
      <Device label="microphone" testid="microphone" devices={inputs.value} of={settings.microphoneId} />
      {choosesSpeaker() && <Device label="speaker" testid="speaker" devices={outputs.value} of={settings.speakerId} />}
      <LanguageChoice />
    </>
  );
}

function TalkMode() {
  const modes = [
    { mode: 'open', label: t('modeOpen'), help: t('modeOpenHelp') },
    { mode: 'push', label: t('modePush'), help: t('modePushHelp') },
  ] as const;
  return (
    <fieldset class="choice">
      <legend>{t('talkMode')}</legend>
      {modes.map(({ mode, label, help }) => (
        <label key={mode}>
          <input
            type="radio"
            name="talk-mode"
            data-testid={`mode-${mode}`}
            checked={settings.talkMode.value === mode}
            onChange={() => settings.set(settings.talkMode, mode)}
          />
          <span>
            {label}
            <small>{help}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface SwitchProps {
  of: Signal<boolean>;
  testid: string;
  label: Key;
  help: Key;
  off?: boolean;
}

function Switch({ of, testid, label, help, off = false }: SwitchProps) {
  return (
    <label class="switch">
      <span>
        {t(label)}
        <small>{t(help)}</small>
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={of.value && !off}
        data-testid={testid}
        checked={of.value && !off}
        disabled={off}
        onChange={(event) => settings.set(of, event.currentTarget.checked)}
      />
    </label>
  );
}

function Volume() {
  return (
    <label class="field">
      <span>{t('volume')}</span>
      <input
        type="range"
        data-testid="volume"
        min="0"
        max="1"
        step="0.05"
        value={settings.volume.value}
        onInput={(event) => settings.set(settings.volume, Number(event.currentTarget.value))}
      />
    </label>
  );
}

interface DeviceProps {
  label: Key;
  testid: string;
  devices: readonly MediaDeviceInfo[];
  of: Signal<string>;
}

function Device({ label, testid, devices, of }: DeviceProps) {
  if (devices.length === 0) return null;
  const chosen = devices.some((d) => d.deviceId === of.value) ? of.value : '';
  return (
    <label class="field">
      <span>{t(label)}</span>
      <select data-testid={`choose-${testid}`} value={chosen} onChange={(e) => settings.set(of, e.currentTarget.value)}>
        <option value="">{t('systemDevice')}</option>
        {devices
          .filter((d) => d.deviceId !== 'default')
          .map((d, n) => (
            <option key={d.deviceId} value={d.deviceId}>
              {d.label || t('device', { number: n + 1 })}
            </option>
          ))}
      </select>
    </label>
  );
}

function LanguageChoice() {
  return (
    <label class="field">
      <span>{t('language')}</span>
      <select
        data-testid="language"
        value={language.value}
        onChange={(event) => setLanguage(event.currentTarget.value as Language)}
      >
        {LANGUAGES.map(({ code, name }) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
