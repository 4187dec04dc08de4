// What the screen shows, as signals. Components read them; only the conversation writes them.

import { computed, signal } from '@preact/signals';
import type { CaptureFailure, Processing } from '../audio/capture.ts';
import type { JitterStats } from '../audio/jitter/jitter-buffer.ts';
import { roomOf } from '../names.ts';
import type { Link } from '../net/messages.ts';
import type { Severity } from '../net/text.ts';
import { EMPTY_ROOM, type RoomState } from './room-state.ts';

export type Failure =
  | { kind: 'bad_room' }
  | { kind: 'insecure' }
  | { kind: 'unsupported' }
  | { kind: 'codec' }
  | { kind: 'microphone'; failure: CaptureFailure }
  | { kind: 'ended'; reason: string };

export type Screen = { at: 'join' } | { at: 'entering' } | { at: 'room' } | { at: 'failed'; failure: Failure };

export interface Notice {
  key: number;
  severity: Severity;
  title: string;
  text: string;
}

/** `off`: listening only, by choice or for want of a microphone. */
export type Microphone = 'off' | 'starting' | 'on';

export const room = roomOf(location.pathname);
export const screen = signal<Screen>(room === null ? { at: 'failed', failure: { kind: 'bad_room' } } : { at: 'join' });
export const name = signal(remembered('name', ''));
export const processing = signal<Processing>({
  echoCancellation: remembered('echo-cancellation', 'on') === 'on',
  noiseSuppression: remembered('noise-suppression', 'on') === 'on',
  autoGainControl: remembered('automatic-gain', 'on') === 'on',
});
/** Of everything heard, 0 to 1. */
export const volume = signal(Math.min(1, Math.max(0, Number(remembered('volume', '1')) || 0)));

export const link = signal<Link>({ state: 'connecting' });
export const roomState = signal<RoomState>(EMPTY_ROOM);
export const microphone = signal<Microphone>('off');
export const muted = signal(false);
/** Own microphone, −dBov, and whether what it hears is being sent. */
export const ownLevel = signal(127);
export const ownTalking = signal(false);
/** What the way from microphone to socket costs, and what it held back. */
export const uplink = signal({ lagMs: 0, withheld: 0 });
export const soundPaused = signal(false);
export const delayMs = signal<number | null>(null);
/** What the jitter buffer did so far. */
export const playout = signal<JitterStats | null>(null);
export const notices = signal<readonly Notice[]>([]);

export const others = computed(() => roomState.value.participants.filter((p) => p.id !== roomState.value.ownId));
export const own = computed(() => roomState.value.participants.find((p) => p.id === roomState.value.ownId));

let noticesShown = 0;

export function showNotice(severity: Severity, title: string, text = ''): void {
  noticesShown += 1;
  notices.value = [...notices.value, { key: noticesShown, severity, title, text }].slice(-5);
}

export function dismissNotice(key: number): void {
  notices.value = notices.value.filter((n) => n.key !== key);
}

/** Storage may be forbidden; then nothing is remembered, and that is all. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`lanline.${key}`, value);
  } catch {}
}

function remembered(key: string, otherwise: string): string {
  try {
    return localStorage.getItem(`lanline.${key}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}
