// Keeps the seat for a reload while a conversation goes on: whatever the page is to be again, and when it was last there.

import { type KeptSeat, keepSeat } from './kept.ts';
import * as settings from './ui/settings.ts';
import * as store from './ui/store.ts';

/** A system that throws a hidden page away says nothing before; so often it is written down that the page is there. */
const EVERY_MS = 5_000;

export class SeatKeeper {
  /** Number of the last chat or notification that was shown. */
  seen: number;
  readonly #room: string;
  #token: string | null = null;
  #keptAtMs = 0;
  #closed = false;

  constructor(room: string, seat: KeptSeat | null) {
    this.#room = room;
    this.seen = seat?.seen ?? 0;
    window.addEventListener('pagehide', this.keep);
    document.addEventListener('visibilitychange', this.keep);
  }

  /** A token in the place of the last one. */
  take(token: string): void {
    this.#token = token;
    this.keep();
  }

  /** The relay answers: the seat is taken still. */
  answered(): void {
    if (Date.now() - this.#keptAtMs >= EVERY_MS) this.keep();
  }

  keep = (): void => {
    if (this.#token === null || this.#closed) return;
    this.#keptAtMs = Date.now();
    keepSeat(this.#room, {
      token: this.#token,
      mode: store.mode.value,
      ...settings.identity(),
      muted: store.muted.value,
      deafened: store.deafened.value,
      gains: store.gains.value.known,
      gainsHere: store.gains.value.here,
      seen: this.seen,
      unsaid: store.unsaid.value,
      atMs: this.#keptAtMs,
    });
  };

  close(): void {
    this.#closed = true;
    window.removeEventListener('pagehide', this.keep);
    document.removeEventListener('visibilitychange', this.keep);
  }
}
