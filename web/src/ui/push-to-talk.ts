// Push to talk: hold to talk, tap twice quickly to keep it on, tap once more to end. A pure step from state and event
// to the next state; time is an argument. Who cannot hold (a screen reader, a switch, the Enter key) toggles.

/** A press shorter than this is a tap... */
const TAP_MS = 300;
/** ...and one that follows a tap this soon is its second half. */
const AGAIN_MS = 400;

export interface PushToTalk {
  open: boolean;
  /** Stays open without a finger on it. */
  latched: boolean;
  pressedAtMs: number | null;
  tappedAtMs: number | null;
}

export const CLOSED: PushToTalk = { open: false, latched: false, pressedAtMs: null, tappedAtMs: null };

export type PushEvent = 'press' | 'release' | 'lose' | 'toggle';

/** `lose`: the finger or the key is gone without a release, for the page was hidden or the system took it. */
export function step(state: PushToTalk, event: PushEvent, nowMs: number): PushToTalk {
  switch (event) {
    case 'press': {
      // Keys repeat while they are held.
      if (state.pressedAtMs !== null) return state;
      if (state.latched) return { ...CLOSED, pressedAtMs: nowMs };
      const second = state.tappedAtMs !== null && nowMs - state.tappedAtMs <= AGAIN_MS;
      return { open: true, latched: second, pressedAtMs: nowMs, tappedAtMs: null };
    }
    case 'release': {
      if (state.pressedAtMs === null) return state;
      if (state.latched) return { ...state, pressedAtMs: null };
      const tap = state.open && nowMs - state.pressedAtMs < TAP_MS;
      return { ...CLOSED, tappedAtMs: tap ? nowMs : null };
    }
    case 'toggle':
      return state.open ? CLOSED : { ...CLOSED, open: true, latched: true };
    case 'lose':
      return state.latched ? { ...state, pressedAtMs: null } : CLOSED;
  }
}
