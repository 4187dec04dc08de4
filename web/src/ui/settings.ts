// What a person chose, kept by the browser.

import { type Signal, signal } from '@preact/signals';
import type { Processing } from '../audio/capture.ts';

const KEYS = new Map<Signal<unknown>, string>();

/** `open`: the microphone is on until muted. `push`: it is on while the control is held. */
export type TalkMode = 'open' | 'push';

export const name = kept('name', '', (text) => text);
/** A place in the palette; null: as the relay gives. */
export const colour = kept<number | null>('colour', null, (text) => (/^[0-7]$/.test(text) ? Number(text) : null));
export const talkMode = kept<TalkMode>('talk-mode', 'open', (text) => (text === 'push' ? 'push' : 'open'));
export const echoCancellation = switched('echo-cancellation', true);
export const noiseSuppression = switched('noise-suppression', true);
export const autoGainControl = switched('automatic-gain', true);
/** Nothing processed, nothing left out, a higher bit rate. */
export const music = switched('music', false);
/** Of everything heard, 0 to 1. */
export const volume = kept('volume', 1, (text) => Math.min(1, Math.max(0, Number(text) || 0)));
/** Device ids; empty is what the system prefers. */
export const microphoneId = kept('microphone', '', (text) => text);
export const speakerId = kept('speaker', '', (text) => text);

export const MUSIC_BITRATE = 96_000;

/** As whom one is shown to the others. */
export const identity = () => ({ name: name.value, colour: colour.value });

/** What the microphone is asked for. */
export const processing = (): Processing => ({
  echoCancellation: echoCancellation.value && !music.value,
  noiseSuppression: noiseSuppression.value && !music.value,
  autoGainControl: autoGainControl.value && !music.value,
  deviceId: microphoneId.value,
});

/** Changes a setting and keeps it. */
export function set<T extends string | number | boolean | null>(setting: Signal<T>, value: T): void {
  setting.value = value;
  const key = KEYS.get(setting as Signal<unknown>);
  if (key !== undefined) remember(key, value === true ? 'on' : value === false ? 'off' : String(value));
}

/** Storage may be forbidden; then nothing is remembered, and that is all. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`lanline.${key}`, value);
  } catch {}
}

export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`lanline.${key}`);
  } catch {
    return null;
  }
}

function kept<T>(key: string, otherwise: T, parse: (text: string) => T): Signal<T> {
  const text = remembered(key);
  const setting = signal(text === null ? otherwise : parse(text));
  KEYS.set(setting as Signal<unknown>, key);
  return setting;
}

function switched(key: string, otherwise: boolean): Signal<boolean> {
  return kept(key, otherwise, (text) => text === 'on');
}
