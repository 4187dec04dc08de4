// From what went wrong to the words for it and the next step.

import type { Refusal } from '../net/ticket.ts';
import type { Failure } from './store.ts';
import type { Key } from './words.ts';

export interface Explanation {
  title: Key;
  /** Null: `words`, as they came from the relay. */
  text: Key | null;
  words: string;
  /** What the button says that tries again, if there is one, and whether it takes the room from another tab. */
  talk: Key | null;
  steals: boolean;
  /** Whether one may listen instead. */
  listens: boolean;
  step: 'lobby' | 'https' | 'reload' | null;
  /** What the field for a PIN says, if there is one. */
  pin: PinProblem | null;
}

/** `waitS`: no PIN is taken for so long. */
export interface PinProblem {
  words: Key | null;
  waitS: number;
}

type Told = Partial<Explanation> & { title: Key };

export function explain(failure: Failure): Explanation {
  const nothing = { text: null, words: '', talk: null, steals: false, listens: false, step: null, pin: null };
  return { ...nothing, ...told(failure) };
}

function told(failure: Failure): Told {
  switch (failure.kind) {
    case 'bad_room':
      return { title: 'badRoom', text: 'badRoomText', step: 'lobby' };
    case 'insecure':
      return failure.port
        ? { title: 'insecure', text: 'insecurePortText' }
        : { title: 'insecure', text: 'insecureText', step: 'https' };
    case 'unsupported':
      return { title: 'unsupported', text: 'unsupportedText', talk: 'tryAgain' };
    case 'codec':
      return { title: 'codec', text: 'codecText', step: 'reload', talk: 'tryAgain' };
    case 'unreachable':
      return { title: 'unreachable', text: 'unreachableText', talk: 'tryAgain', step: 'reload' };
    case 'elsewhere':
      return { title: 'elsewhere', text: 'elsewhereText', talk: 'useThisTab', steals: true };
    case 'microphone':
      return { ...MICROPHONE[failure.failure], talk: 'tryAgain', listens: true };
    case 'refused':
      return refused(failure.why);
  }
}

const MICROPHONE: Record<Extract<Failure, { kind: 'microphone' }>['failure'], { title: Key; text: Key }> = {
  refused: { title: 'micRefused', text: 'micRefusedText' },
  missing: { title: 'micMissing', text: 'micMissingText' },
  busy: { title: 'micBusy', text: 'micBusyText' },
  insecure: { title: 'insecure', text: 'insecureText' },
  withheld: { title: 'micWithheld', text: 'micWithheldText' },
  broken: { title: 'micBroken', text: 'micBrokenText' },
};

/** Why somebody who listens gets no place to talk; they stay where they are. */
export function explainSilence(why: Refusal): Pick<Explanation, 'title' | 'text' | 'words'> {
  if (why.code === 'no_answer') return { title: 'noMicrophone', text: 'relayGone', words: '' };
  const { title, text, words } = explain({ kind: 'refused', why });
  return { title: title === 'ended' ? 'noMicrophone' : title, text, words };
}

/** By the codes of PROTOCOL.md and of `net/reconnect`. */
function refused({ code, message, retryS }: Refusal): Told {
  switch (code) {
    case 'key_needed':
      return { title: 'keyNeeded', text: 'keyNeededText', pin: { words: null, waitS: 0 } };
    case 'bad_key':
      return { title: 'badKey', text: 'badKeyText', pin: { words: null, waitS: 0 } };
    case 'bad_pin':
      return { title: 'keyNeeded', text: 'keyNeededText', pin: { words: 'badPin', waitS: 0 } };
    case 'rate_limited':
      return { title: 'tooManyTries', text: 'tooManyTriesText', pin: { words: null, waitS: retryS ?? 60 } };
    case 'room_locked':
      return { title: 'roomLocked', text: 'roomLockedText', talk: 'tryAgain' };
    case 'full':
    case 'too_many_sockets':
      return { title: 'roomFull', text: 'roomFullText', talk: 'tryAgain' };
    case 'removed':
      return { title: 'removed', text: 'removedText', talk: 'joinAgain' };
    case 'room_ended':
      return { title: 'roomEnded', text: 'roomEndedText', talk: 'joinAgain' };
    case 'replaced':
      return { title: 'replaced', text: 'replacedText', talk: 'joinAgain' };
    default:
      return { title: 'ended', words: message, talk: 'joinAgain', listens: true };
  }
}
