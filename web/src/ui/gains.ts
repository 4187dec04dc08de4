// How loud each of the others is for one's own ears. Kept by name, so that it outlives a lost link, theirs or one's own;
// the relay knows only the ids of the day. Pure: from what is wanted and what was said to what is to be said.

import type { Participant } from '../net/text.ts';

/** In dB; null is not at all. */
export type Gain = number | null;
export type Gains = Readonly<Record<string, Gain>>;

export const LEAST_DB = -30;
export const MOST_DB = 12;

export const gainOf = (gains: Gains, name: string): Gain => (Object.hasOwn(gains, name) ? gains[name]! : 0);

/** Somebody has another name: they are as loud as they were. */
export const carried = (gains: Gains, from: string, to: string): Gains =>
  Object.hasOwn(gains, from) ? { ...gains, [to]: gains[from]! } : gains;

/** What the relay has to be told so that it does what is wanted; `said` is brought up to date. */
export function toSay(
  others: readonly Participant[],
  gains: Gains,
  said: Map<number, Gain>,
): { kind: 'gain'; participant: number; db: Gain }[] {
  const here = new Set(others.map((p) => p.id));
  for (const id of said.keys()) if (!here.has(id)) said.delete(id);
  // Of whom nothing was said yet, the relay may remember what was said on another socket.
  const known = (p: Participant) => (said.has(p.id) ? said.get(p.id) : Object.hasOwn(gains, p.name) ? undefined : 0);
  const news = others.filter((p) => gainOf(gains, p.name) !== known(p));
  for (const p of news) said.set(p.id, gainOf(gains, p.name));
  return news.map((p) => ({ kind: 'gain', participant: p.id, db: gainOf(gains, p.name) }));
}
