// Text messages of the relay, parsed once into types. What is unknown is ignored; what is broken is ignored too and
// counted by the caller: a page must survive a newer relay.

export type Role = 'host' | 'talker' | 'listener';
const ROLES = ['host', 'talker', 'listener'] as const;

export interface Participant {
  id: number;
  name: string;
  /** 0 to 7, a place in the palette. */
  colour: number;
  role: Role;
  muted: boolean;
  talking: boolean;
  /** Their link is gone, and their seat is held. */
  away: boolean;
  /** What their microphone costs, as they say; null until then. */
  microphoneMs: number | null;
}

export type Severity = 'info' | 'warning' | 'critical';

export interface Welcome {
  type: 'welcome';
  version: number;
  room: string;
  id: number;
  ptimeMs: 10 | 20;
  bitrate: number;
  clockUs: number;
  participants: Participant[];
  /** Names the run of the relay. */
  boot: string;
  /** Brings its holder back to this seat. */
  resume: string;
  /** It was this seat already. */
  resumed: boolean;
  /** Number of the last line that the relay took from this seat. */
  echo: number;
}

export type RelayMessage =
  | Welcome
  | { type: 'joined'; participant: Participant }
  | { type: 'left'; id: number }
  | { type: 'talking'; id: number; talking: boolean }
  | { type: 'muted'; id: number; muted: boolean; byHost: boolean }
  | { type: 'identity'; id: number; name: string; colour: number }
  | { type: 'microphone'; id: number; delayMs: number }
  | { type: 'away'; id: number; away: boolean }
  | {
      type: 'chat';
      message: number;
      id: number;
      name: string;
      text: string;
      atMs: number;
      /** Its writer's own number for it. */
      echo: number | null;
    }
  | {
      type: 'notification';
      message: number;
      id: number | null;
      severity: Severity;
      title: string;
      text: string;
      atMs: number;
    }
  /** A token that takes the place of the last one. */
  | { type: 'resume'; token: string }
  | { type: 'ping'; t: number }
  | { type: 'pong'; t: number; clockUs: number }
  | { type: 'error'; code: string; message: string }
  | { type: 'goodbye'; reason: string; reconnect: boolean };

export type PageMessage =
  | { type: 'chat'; text: string; echo: number }
  /** A token is kept; the one before may die. */
  | { type: 'resume_received' }
  | { type: 'notify'; severity: Severity; title: string; text: string }
  | { type: 'mute'; muted: boolean }
  | { type: 'deafen'; deafened: boolean }
  /** Undefined: it stays as it is. */
  | { type: 'identity'; name: string; colour: number | undefined }
  /** What one's own costs, for the others' ledgers. */
  | { type: 'microphone'; delay_ms: number }
  /** How loud somebody is for one's own ears, in dB; null is not at all. */
  | { type: 'gain'; participant: number; db: number | null }
  | { type: 'received'; sequence: number }
  | { type: 'ping'; t: number }
  | { type: 'pong'; t: number };

/** The message, or null where it is not one we know. */
export function parseText(text: string): RelayMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  try {
    return message(new Fields(value));
  } catch (error) {
    if (error instanceof BadField) return null;
    throw error;
  }
}

function message(f: Fields): RelayMessage | null {
  const type = f.string('type');
  switch (type) {
    case 'welcome':
      return {
        type,
        version: f.integer('version'),
        room: f.string('room'),
        id: f.integer('id'),
        ptimeMs: f.oneOf('ptime_ms', [10, 20] as const),
        bitrate: f.integer('bitrate'),
        clockUs: f.integer('clock_us'),
        participants: f.list('participants').map(participant),
        boot: f.string('boot'),
        resume: f.string('resume'),
        resumed: f.boolean('resumed'),
        echo: f.integer('echo'),
      };
    case 'joined':
      return { type, participant: participant(f.object('participant')) };
    case 'left':
      return { type, id: f.integer('id') };
    case 'talking':
      return { type, id: f.integer('id'), talking: f.boolean('talking') };
    case 'muted':
      return { type, id: f.integer('id'), muted: f.boolean('muted'), byHost: f.has('by') && f.string('by') === 'host' };
    case 'identity':
      return { type, id: f.integer('id'), name: f.string('name'), colour: f.integer('colour') };
    case 'microphone':
      return { type, id: f.integer('id'), delayMs: f.integer('delay_ms') };
    case 'away':
      return { type, id: f.integer('id'), away: f.boolean('away') };
    case 'chat':
      return {
        type,
        message: f.integer('message'),
        id: f.integer('id'),
        name: f.string('name'),
        text: f.string('text'),
        atMs: f.integer('at_ms'),
        echo: f.has('echo') ? f.integer('echo') : null,
      };
    case 'notification':
      return {
        type,
        message: f.integer('message'),
        id: f.has('id') ? f.integer('id') : null,
        severity: f.oneOf('severity', ['info', 'warning', 'critical'] as const),
        title: f.string('title'),
        text: f.string('text'),
        atMs: f.integer('at_ms'),
      };
    case 'resume':
      return { type, token: f.string('token') };
    case 'ping':
      return { type, t: f.integer('t') };
    case 'pong':
      return { type, t: f.integer('t'), clockUs: f.integer('clock_us') };
    case 'error':
      return { type, code: f.string('code'), message: f.string('message') };
    case 'goodbye':
      return { type, reason: f.string('reason'), reconnect: f.boolean('reconnect') };
    default:
      return null;
  }
}

function participant(f: Fields): Participant {
  return {
    id: f.integer('id'),
    name: f.string('name'),
    colour: f.integer('colour'),
    role: f.oneOf('role', ROLES),
    muted: f.boolean('muted'),
    talking: f.boolean('talking'),
    away: f.boolean('away'),
    microphoneMs: f.has('microphone_ms') ? f.integer('microphone_ms') : null,
  };
}

class BadField extends Error {}

class Fields {
  readonly #object: Record<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadField('not an object');
    this.#object = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined && this.#object[name] !== null;
  }

  string(name: string): string {
    return this.#take(name, (v): v is string => typeof v === 'string');
  }

  boolean(name: string): boolean {
    return this.#take(name, (v): v is boolean => typeof v === 'boolean');
  }

  integer(name: string): number {
    return this.#take(name, (v): v is number => Number.isSafeInteger(v));
  }

  oneOf<T>(name: string, allowed: readonly T[]): T {
    return this.#take(name, (v): v is T => allowed.includes(v as T));
  }

  object(name: string): Fields {
    return new Fields(this.#object[name]);
  }

  list(name: string): Fields[] {
    return this.#take(name, Array.isArray).map((item) => new Fields(item));
  }

  #take<T>(name: string, is: (value: unknown) => value is T): T {
    const value = this.#object[name];
    if (!is(value)) throw new BadField(name);
    return value;
  }
}
