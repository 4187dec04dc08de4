// What the host sees: the rooms, one of them in detail, asked of the relay again and again while somebody looks.

import { computed, signal } from '@preact/signals';
import type { Refusal } from '../net/ticket.ts';
import { type Answer, HostApi, type RoomDetail, type RoomSummary } from './api.ts';
import { keepHostKey, takeHostKey } from './key.ts';

const EVERY_MS = 2_000;

export const key = signal<string | null>(takeHostKey());
/** The key was not taken. */
export const keyProblem = signal<Refusal | null>(null);
export const rooms = signal<readonly RoomSummary[]>([]);
const chosen = signal<string | null>(null);
export const detail = signal<RoomDetail | null>(null);
/** The relay does not answer. */
export const away = signal(false);
/** What the relay said no to last. */
export const refusal = signal<Refusal | null>(null);

/** The room whose detail is shown: the chosen one as long as there is one of that name, else the first. */
export const room = computed(() => {
  const names = rooms.value.map((r) => r.room);
  return chosen.value !== null && names.includes(chosen.value) ? chosen.value : (names[0] ?? null);
});

const api = computed(() => (key.value === null ? null : new HostApi(key.value)));

export function enter(typed: string): void {
  keyProblem.value = null;
  key.value = typed;
  keepHostKey(typed);
  void refresh();
}

export function choose(name: string): void {
  if (name !== room.value) detail.value = null;
  chosen.value = name;
  void refresh();
}

/** Does something to the rooms, and looks at what came of it. Gives whether it was done. */
export async function act(what: (api: HostApi) => Promise<Answer<unknown>>): Promise<boolean> {
  if (api.value === null) return false;
  refusal.value = null;
  const done = taken(await what(api.value)) !== null;
  await refresh();
  return done;
}

export async function refresh(): Promise<void> {
  const asked = api.value;
  if (asked === null) return;
  const all = taken(await asked.rooms());
  if (all === null || api.value !== asked) return;
  rooms.value = all;
  const name = room.value;
  const one = name === null ? null : taken(await asked.room(name));
  if (room.value === name) detail.value = one;
}

/** Looks until nobody does any more. */
export function watch(): void {
  const look = () => {
    if (!document.hidden) void refresh();
  };
  look();
  setInterval(look, EVERY_MS);
  document.addEventListener('visibilitychange', look);
}

function taken<T>(answer: Answer<T>): T | null {
  away.value = answer === 'no_answer';
  if (answer === 'no_answer') return null;
  if ('ok' in answer) return answer.ok;
  const { code } = answer.refusal;
  if (code === 'bad_key' || code === 'key_needed' || code === 'rate_limited') {
    keyProblem.value = answer.refusal;
    key.value = null;
  } else {
    refusal.value = answer.refusal;
  }
  return null;
}
