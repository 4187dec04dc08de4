// How loud each of the others is for one's own ears. Who is here goes by id, for several may have one name. What is known
// outlives a lost link, theirs or one's own, and is kept by name; a name that several have says nothing of any of them.
// Pure: from what is wanted and what was said to what is to be said.

import type { Participant, RelayMessage } from '../net/text.ts';

/** In dB; null is not at all. */
export type Gain = number | null;

export interface Gains {
  /** By id. */
  readonly here: Readonly<Record<number, Gain>>;
  /** By name. */
  readonly known: Readonly<Record<string, Gain>>;
}

export const AS_THEY_ARE: Gains = { here: {}, known: {} };
export const LEAST_DB = -30;
export const MOST_DB = 12;

export const gainOf = ({ here }: Gains, id: number): Gain => (Object.hasOwn(here, id) ? here[id]! : 0);

type Others = readonly Pick<Participant, 'id' | 'name'>[];

const areSeveral = (others: Others, name: string): boolean => others.filter((p) => p.name === name).length > 1;

export function chosen(gains: Gains, others: Others, id: number, db: Gain): Gains {
  const here = { ...gains.here, [id]: db };
  const name = others.find((p) => p.id === id)?.name;
  return name === undefined || areSeveral(others, name)
    ? { ...gains, here }
    : { here, known: { ...gains.known, [name]: db } };
}

/** Somebody comes, goes, or has another name; `others` is who is here after that. */
export function follow(gains: Gains, message: RelayMessage, others: Others): Gains {
  switch (message.type) {
    case 'welcome':
      // In another seat the ids may be those of others.
      return others.reduce(met(others), message.resumed ? gains : { ...gains, here: {} });
    case 'joined':
      return others.filter((p) => p.id === message.participant.id).reduce(met(others), gains);
    case 'left': {
      const { [message.id]: _, ...here } = gains.here;
      return { ...gains, here };
    }
    case 'identity':
      return renamed(gains, others, message.id, message.name);
    default:
      return gains;
  }
}

/** Who comes is as loud as is known. */
const met =
  (others: Others) =>
  (gains: Gains, { id, name }: Others[number]): Gains => {
    if (Object.hasOwn(gains.here, id) || !Object.hasOwn(gains.known, name)) return gains;
    return { ...gains, here: { ...gains.here, [id]: areSeveral(others, name) ? 0 : gains.known[name]! } };
  };

/** They are as loud as they were. */
function renamed(gains: Gains, others: Others, id: number, name: string): Gains {
  if (Object.hasOwn(gains.here, id)) return chosen(gains, others, id, gains.here[id]!);
  // What is known of another one of that name is not theirs.
  return Object.hasOwn(gains.known, name) ? { ...gains, here: { ...gains.here, [id]: 0 } } : gains;
}

/** What the relay has to be told so that it does what is wanted; `said` is brought up to date. */
export function toSay(
  others: readonly Participant[],
  gains: Gains,
  said: Map<number, Gain>,
): { kind: 'gain'; participant: number; db: Gain }[] {
  const here = new Set(others.map((p) => p.id));
  for (const id of said.keys()) if (!here.has(id)) said.delete(id);
  // Of whom nothing was said yet, the relay may remember what was said on another socket.
  const known = ({ id }: Participant) => (said.has(id) ? said.get(id) : Object.hasOwn(gains.here, id) ? undefined : 0);
  const news = others.filter((p) => gainOf(gains, p.id) !== known(p));
  for (const p of news) said.set(p.id, gainOf(gains, p.id));
  return news.map((p) => ({ kind: 'gain', participant: p.id, db: gainOf(gains, p.id) }));
}
