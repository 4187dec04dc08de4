// The host's side of the relay's HTTP API (PROTOCOL.md, "Hosts").

import type { Role } from '../net/text.ts';
import type { Refusal } from '../net/ticket.ts';

export interface RoomSummary {
  room: string;
  /** Invite key: the fragment of the room's link. Null, as is the PIN, where everybody may come in. */
  key: string | null;
  pin: string | null;
  locked: boolean;
  /** How many are inside. */
  participants: number;
}

export interface Person {
  id: number;
  name: string;
  colour: number;
  role: Role;
  muted: boolean;
  talking: boolean;
  away: boolean;
}

export interface RoomDetail extends Omit<RoomSummary, 'participants'> {
  participants: Person[];
}

export type Answer<T> = { ok: T } | { refusal: Refusal } | 'no_answer';

const ANSWER_MS = 8_000;

export class HostApi {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  async rooms(): Promise<Answer<RoomSummary[]>> {
    const answer = await this.#call<{ rooms: RoomSummary[] }>('GET', '');
    return answer !== 'no_answer' && 'ok' in answer ? { ok: answer.ok.rooms } : answer;
  }

  room(room: string): Promise<Answer<RoomDetail>> {
    return this.#call('GET', `/${room}`);
  }

  create(room: string): Promise<Answer<unknown>> {
    return this.#call('POST', '', { room });
  }

  /** Old link and PIN are worth nothing from then on; who is inside stays. */
  newInvite(room: string): Promise<Answer<unknown>> {
    return this.#call('POST', `/${room}/invite`, {});
  }

  lock(room: string, locked: boolean): Promise<Answer<unknown>> {
    return this.#call('POST', `/${room}/lock`, { locked });
  }

  /** Null: all who talk. They may unmute themselves. */
  mute(room: string, participant: number | null): Promise<Answer<unknown>> {
    return this.#call('POST', `/${room}/mute`, participant === null ? {} : { participant });
  }

  remove(room: string, participant: number): Promise<Answer<unknown>> {
    return this.#call('DELETE', `/${room}/participants/${participant}`);
  }

  /** Everyone is out, and link and PIN are new. */
  end(room: string): Promise<Answer<unknown>> {
    return this.#call('DELETE', `/${room}`);
  }

  async #call<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#key}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    try {
      const response = await fetch(`/api/v1/rooms${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await response.text();
      const value = text === '' ? null : (JSON.parse(text) as unknown);
      if (response.ok) return { ok: value as T };
      const { error, message } = value as { error: string; message: string };
      const retryS = Number(response.headers.get('Retry-After') ?? 'none');
      return { refusal: { code: error, message, retryS: Number.isFinite(retryS) ? retryS : null } };
    } catch {
      return 'no_answer';
    }
  }
}
