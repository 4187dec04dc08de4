// What this tab keeps over a reload: what lets it into a room, and its seat there. Another tab has its own.

import type { Unsaid } from './net/outbox.ts';
import type { Gains } from './ui/gains.ts';

export type Mode = 'talk' | 'listen';

export interface KeptSeat {
  token: string;
  mode: Mode;
  name: string;
  /** Null: none was chosen. */
  colour: number | null;
  muted: boolean;
  deafened: boolean;
  /** How loud the others are, by name: the relay keeps that for a held seat too. */
  gains: Gains['known'];
  /** And by id. A page of before wrote none. */
  gainsHere?: Gains['here'];
  /** Number of the last chat or notification that was shown. */
  seen: number;
  unsaid: readonly Unsaid[];
  /** When the page was last there. */
  atMs: number;
}

/** So long the relay holds a seat. A tab that a browser brings back next morning must not talk by itself. */
const HELD_MS = 30_000;

export function keepSeat(room: string, seat: KeptSeat): void {
  keep(`seat.${room}`, JSON.stringify(seat));
}

export function forgetSeat(room: string): void {
  keep(`seat.${room}`, null);
}

/** The seat to go back to, if it is held still. */
export function keptSeat(room: string, nowMs: number): KeptSeat | null {
  const text = kept(`seat.${room}`);
  if (text === null) return null;
  // Only this page writes it; a later one may find what an earlier one wrote.
  const seat = parse(text);
  return seat !== null && nowMs - seat.atMs < HELD_MS ? seat : null;
}

/** The key of the link by which the page was opened, or of the last one that had any. */
export function keyOf(room: string, fragment: string): string | null {
  const key = fragment.replace(/^#/, '');
  if (key === '') return kept(`key.${room}`);
  keep(`key.${room}`, key);
  return key;
}

export const pinOf = (room: string): string | null => kept(`pin.${room}`);
export const keepPin = (room: string, pin: string | null): void => keep(`pin.${room}`, pin);

function parse(text: string): KeptSeat | null {
  try {
    const seat = JSON.parse(text) as KeptSeat;
    return typeof seat.token === 'string' &&
      typeof seat.name === 'string' &&
      typeof seat.atMs === 'number' &&
      typeof seat.gains === 'object' &&
      seat.gains !== null &&
      Array.isArray(seat.unsaid)
      ? seat
      : null;
  } catch {
    return null;
  }
}

/** Storage may be forbidden; then a reload begins anew, and that is all. */
export function keep(name: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(`lanline.${name}`);
    else sessionStorage.setItem(`lanline.${name}`, value);
  } catch {}
}

export function kept(name: string): string | null {
  try {
    return sessionStorage.getItem(`lanline.${name}`);
  } catch {
    return null;
  }
}
