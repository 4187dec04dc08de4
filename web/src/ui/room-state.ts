// What is known about the room: a pure function from state and message to the next state.

import type { Participant, RelayMessage, Severity } from '../net/text.ts';

export type Line =
  | { kind: 'chat'; key: string; from: string; own: boolean; text: string; atMs: number }
  | { kind: 'notice'; key: string; severity: Severity; title: string; text: string; atMs: number }
  | { kind: 'event'; key: string; what: 'joined' | 'left'; name: string }
  | { kind: 'event'; key: string; what: 'renamed'; name: string; to: string };

export interface RoomState {
  ownId: number | null;
  participants: readonly Participant[];
  lines: readonly Line[];
  /** Number of messages ever taken; makes keys. */
  taken: number;
}

export const EMPTY_ROOM: RoomState = { ownId: null, participants: [], lines: [], taken: 0 };

/** What scrolls out of the top is forgotten. */
const MAX_LINES = 300;

export function apply(state: RoomState, message: RelayMessage): RoomState {
  switch (message.type) {
    case 'welcome':
      return { ...state, ownId: message.id, participants: message.participants };
    case 'joined': {
      const others = state.participants.filter((p) => p.id !== message.participant.id);
      const here = { ...state, participants: [...others, message.participant] };
      // Who left a moment ago and is back, with another role say, is no news.
      return leftLast(state, message.participant.name)
        ? { ...here, lines: state.lines.slice(0, -1) }
        : event(here, 'joined', message.participant.name);
    }
    case 'left': {
      const who = state.participants.find((p) => p.id === message.id);
      if (who === undefined) return state;
      return event({ ...state, participants: state.participants.filter((p) => p.id !== message.id) }, 'left', who.name);
    }
    case 'talking':
      return change(state, message.id, { talking: message.talking });
    case 'muted':
      return change(state, message.id, message.muted ? { muted: true, talking: false } : { muted: false });
    case 'identity': {
      const { id, name, colour } = message;
      const who = state.participants.find((p) => p.id === id);
      if (who === undefined) return state;
      const here = change(state, id, { name, colour });
      return who.name === name
        ? here
        : append(here, { kind: 'event', key: `m${state.taken}`, what: 'renamed', name: who.name, to: name });
    }
    case 'microphone':
      return change(state, message.id, { microphoneMs: message.delayMs });
    case 'away':
      return change(state, message.id, message.away ? { away: true, talking: false } : { away: false });
    case 'chat':
      return append(state, {
        kind: 'chat',
        key: `m${state.taken}`,
        from: message.name,
        own: message.id === state.ownId,
        text: message.text,
        atMs: message.atMs,
      });
    case 'notification':
      return append(state, {
        kind: 'notice',
        key: `m${state.taken}`,
        severity: message.severity,
        title: message.title,
        text: message.text,
        atMs: message.atMs,
      });
    default:
      return state;
  }
}

function leftLast(state: RoomState, name: string): boolean {
  const last = state.lines.at(-1);
  return last?.kind === 'event' && last.what === 'left' && last.name === name;
}

function change(state: RoomState, id: number, fields: Partial<Participant>): RoomState {
  return { ...state, participants: state.participants.map((p) => (p.id === id ? { ...p, ...fields } : p)) };
}

function event(state: RoomState, what: 'joined' | 'left', name: string): RoomState {
  return append(state, { kind: 'event', key: `m${state.taken}`, what, name });
}

function append(state: RoomState, line: Line): RoomState {
  return { ...state, taken: state.taken + 1, lines: [...state.lines, line].slice(-MAX_LINES) };
}
