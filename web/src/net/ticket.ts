// The way in: a ticket for the socket in exchange for a key or a PIN (PROTOCOL.md, "Tickets").

import type { Role } from './text.ts';

/** What is asked for, and what shows that one may. */
export interface Entry {
  room: string;
  name: string;
  /** Said once inside; null: whichever the relay gives. */
  colour: number | null;
  role: Exclude<Role, 'host'>;
  /** The fragment of the link. */
  key: string | null;
  pin: string | null;
}

/** Why there is none, by the code of PROTOCOL.md; `retryS`: when to ask again at the earliest. */
export interface Refusal {
  code: string;
  message: string;
  retryS: number | null;
}

export type TicketAnswer = { ticket: string } | { refusal: Refusal } | 'no_answer';

/** A relay that has not answered by then is out of reach. */
const ANSWER_MS = 8_000;

export async function askForTicket(origin: string, entry: Entry): Promise<TicketAnswer> {
  const { room, name, role } = entry;
  const shown = entry.key !== null ? { key: entry.key } : entry.pin !== null ? { pin: entry.pin } : {};
  try {
    const response = await fetch(`${origin}/api/v1/tickets`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ room, name, role, ...shown }),
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const { ticket, error, message } = (await response.json()) as Record<string, unknown>;
    if (response.ok && typeof ticket === 'string') return { ticket };
    if (typeof error !== 'string' || typeof message !== 'string') return 'no_answer';
    const retryS = Number(response.headers.get('Retry-After') ?? 'none');
    return { refusal: { code: error, message, retryS: Number.isFinite(retryS) ? retryS : null } };
  } catch {
    return 'no_answer';
  }
}

/** Whether anybody is there: a socket that was refused is told from one that found nobody. */
export async function relayAnswers(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/healthz`, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false;
  }
}
