// What the screen shows, as signals. Components read them; only the conversation writes them.

import { batch, computed, signal } from '@preact/signals';
import type { CaptureFailure } from '../audio/capture.ts';
import type { JitterStats } from '../audio/jitter/stats.ts';
import type { KeptSeat, Mode } from '../kept.ts';
import { roomOf } from '../names.ts';
import type { Intent, Link } from '../net/messages.ts';
import type { Unsaid } from '../net/outbox.ts';
import type { RelayMessage, Severity } from '../net/text.ts';
import type { Refusal } from '../net/ticket.ts';
import type { Sample, Verdict } from './delay-history.ts';
import { AS_THEY_ARE, follow, type Gains } from './gains.ts';
import { CLOSED } from './push-to-talk.ts';
import { apply, EMPTY_ROOM, type RoomState } from './room-state.ts';
import { MUSIC_BITRATE, music, talkMode } from './settings.ts';

export type Failure =
  | { kind: 'bad_room' }
  /** `port`: the address names one, and a port that speaks http does not speak https. */
  | { kind: 'insecure'; port: boolean }
  | { kind: 'unsupported' }
  | { kind: 'codec' }
  | { kind: 'unreachable' }
  | { kind: 'elsewhere' }
  | { kind: 'microphone'; failure: CaptureFailure }
  /** By the relay, at the door or later. */
  | { kind: 'refused'; why: Refusal };

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

/** How one is in the room, or wanted to be. */
export const mode = signal<Mode>('talk');
export const link = signal<Link>({ state: 'connecting' });
export const roomState = signal<RoomState>(EMPTY_ROOM);
export const microphone = signal<Microphone>('off');
/** The browser has been asked for it, and most likely asks the person. */
export const allowing = signal(false);
/** The system holds it back: a call, another program, a switch. */
export const interrupted = signal(false);
/** Whether the browser does what it was asked against echo; known once the microphone is on. */
export const echoCancelled = signal(true);
export const muted = signal(false);
export const mutedByHost = signal(false);
export const deafened = signal(false);
export const push = signal(CLOSED);
/** Own microphone, −dBov, and whether the worker has speech of it to send. */
export const ownLevel = signal(127);
export const ownSpeech = signal(false);
/**
 * What the way from microphone to socket costs, and how many packets it held back so far: the link did not take them, or this
 * device was too slow for them.
 */
export const uplink = signal({ lagMs: 0, withheld: 0, overdue: 0 });
/** The relay has another page by now. */
export const updated = signal(false);
export const soundPaused = signal(false);
export const delayMs = signal<number | null>(null);
/** As it is at this moment, where `delayMs` is smooth; null while nothing of anybody is heard. */
export const heardAgeMs = signal<number | null>(null);
/** What is heard now, −dBov. */
export const heardLevel = signal(127);
/** What the jitter buffer did so far. */
export const playout = signal<JitterStats | null>(null);
export const notices = signal<readonly Notice[]>([]);
/** Own lines that have not come back from the relay yet. */
export const unsaid = signal<readonly Unsaid[]>([]);

export const delayVerdict = signal<Verdict>('good');
/** The last minute. */
export const delaySamples = signal<readonly Sample[]>([]);
export const concealedMs = signal(0);
/** Packets that the relay left out on their way to here, so far. */
export const leftOut = signal(0);
/** The last one, to the relay and back. */
export const roundTripMs = signal(0);
/** How loud the others are for one's own ears. */
export const gains = signal<Gains>(AS_THEY_ARE);

/** Ids of those whose link is bad. */
export const weakLinks = signal<readonly number[]>([]);
/** This device does not come to what it should send. */
export const slowDevice = signal(false);

/** Lines that came while the page was hidden or the chat scrolled away, and the key of the first. */
export const NONE_MISSED = { count: 0, from: '' };
export const missed = signal(NONE_MISSED);
/** The chat shows its newest line. */
export const chatFollowed = signal(true);

export const others = computed(() => roomState.value.participants.filter((p) => p.id !== roomState.value.ownId));
export const own = computed(() => roomState.value.participants.find((p) => p.id === roomState.value.ownId));

/** What the own microphone hears is being sent. */
export const ownTalking = computed(
  () => ownSpeech.value && !muted.value && !interrupted.value && link.value.state === 'open',
);

/** What the worker is to do with the microphone, and what the others are told. */
export const intent = computed<Intent>(() => ({
  muted: microphone.value !== 'on' || muted.value,
  deafened: deafened.value,
  closed: talkMode.value === 'push' && !push.value.open,
  // Who holds a button means to be heard, and music has no pauses to leave out.
  continuous: talkMode.value === 'push' || music.value,
  bitrate: music.value ? MUSIC_BITRATE : null,
}));

/** A conversation begins, in a seat of before or in a new one. */
export function begin(seat: KeptSeat | null): void {
  batch(() => {
    roomState.value = EMPTY_ROOM;
    link.value = { state: 'connecting' };
    microphone.value = 'off';
    allowing.value = false;
    interrupted.value = false;
    echoCancelled.value = true;
    muted.value = seat?.muted ?? false;
    mutedByHost.value = false;
    deafened.value = seat?.deafened ?? false;
    gains.value = { here: seat?.gainsHere ?? {}, known: seat?.gains ?? gains.value.known };
    push.value = CLOSED;
    ownSpeech.value = false;
    playout.value = null;
    notices.value = [];
    unsaid.value = seat?.unsaid ?? [];
    missed.value = NONE_MISSED;
    chatFollowed.value = true;
  });
}

let noticesShown = 0;

export function showNotice(severity: Severity, title: string, text = ''): void {
  noticesShown += 1;
  notices.value = withRoom([...notices.value, { key: noticesShown, severity, title, text }]);
}

const MOST_NOTICES = 5;
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

/** Where there are too many, the oldest of the least severe goes. */
function withRoom(all: readonly Notice[]): readonly Notice[] {
  if (all.length <= MOST_NOTICES) return all;
  const least = SEVERITIES.find((severity) => all.some((n) => n.severity === severity));
  const gone = all.find((n) => n.severity === least);
  return all.filter((n) => n !== gone);
}

/** Takes a message; what is fresh and nobody can have seen is counted. */
export function take(message: RelayMessage, fresh: boolean): void {
  batch(() => {
    roomState.value = apply(roomState.value, message);
    gains.value = follow(gains.value, message, others.value);
  });
  if (!fresh) return;
  const foreign = message.type === 'notification' || (message.type === 'chat' && message.id !== roomState.value.ownId);
  if (!foreign || (!document.hidden && chatFollowed.value)) return;
  const { count, from } = missed.value;
  missed.value = { count: count + 1, from: count === 0 ? roomState.value.lines.at(-1)!.key : from };
}

/** A host turned the own microphone off; who is muted may unmute. */
export function hostMuted(): void {
  muted.value = true;
  mutedByHost.value = true;
}

export function setMuted(off: boolean): void {
  muted.value = off;
  mutedByHost.value = false;
}

export function dismissNotice(key: number): void {
  notices.value = notices.value.filter((n) => n.key !== key);
}
