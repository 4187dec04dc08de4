// Test harness: a session with a socket, an HTTP and a clock of the test's own, and what came of it.

import { vi } from 'vitest';
import type { Link } from './messages.ts';
import type { Unsaid } from './outbox.ts';
import { Session, type Start } from './session.ts';
import type { RelayMessage } from './text.ts';
import type { Entry } from './ticket.ts';

/** A socket of the test's own. */
export class FakeSocket {
  static OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 1;
  bufferedAmount = 0;
  binaryType = '';
  sent: (string | Uint8Array)[] = [];
  closedWith: number | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!;
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = 3;
  }

  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  texts(type: string): { t?: number; muted?: boolean; text?: string; echo?: number }[] {
    return this.sent
      .filter((s): s is string => typeof s === 'string')
      .map((s) => JSON.parse(s))
      .filter((m) => m.type === type);
  }

  get query(): Record<string, string> {
    return Object.fromEntries(new URL(this.url).searchParams);
  }
}

export const WELCOME = {
  type: 'welcome',
  version: 1,
  room: 'lobby',
  id: 1,
  ptime_ms: 20,
  sample_rate: 48_000,
  bitrate: 64_000,
  clock_us: 5_000,
  participants: [],
  role: 'talker',
  boot: 'run-1',
  resume: 'token-1',
  resumed: false,
  echo: 0,
};
export const BACK = { ...WELCOME, resume: 'token-2', resumed: true };
const ENTRY: Entry = { room: 'lobby', name: 'Ada', colour: null, role: 'talker', key: 'KEY', pin: null };
const ORIGIN = 'https://relay:8443';

type Http = (path: string) => { status: number; body: object; retry?: string };

export class Stay {
  readonly links: Link[] = [];
  readonly messages: RelayMessage[] = [];
  readonly tokens: string[] = [];
  readonly leftOut: number[] = [];
  unsaid: readonly Unsaid[] = [];
  /** Bodies of the requests for tickets. */
  readonly asked: Record<string, unknown>[] = [];
  /** What the relay answers to HTTP; null: it is away. */
  http: Http | null = this.ticketed;
  #session: Session | null = null;

  constructor() {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('fetch', (url: string, init?: RequestInit) => this.#fetch(url, init));
    FakeSocket.all = [];
  }

  get session(): Session {
    return this.#session!;
  }

  get ticketed(): Http {
    return () => ({ status: 200, body: { ticket: `ticket-${this.asked.length}` } });
  }

  get states(): string[] {
    return this.links.map((link) => link.state);
  }

  begin(start: Partial<Start> = { ticket: 'first' }): void {
    this.#session = new Session(
      ORIGIN,
      ENTRY,
      { seat: null, ticket: null, unsaid: [], ...start },
      {
        link: (link) => this.links.push(link),
        welcome: () => {},
        message: (message) => this.messages.push(message),
        packet: () => {},
        leftOut: (packets) => this.leftOut.push(packets),
        clock: () => {},
        token: (token) => this.tokens.push(token),
        unsaid: (lines) => {
          this.unsaid = lines;
        },
      },
    );
    this.session.start();
  }

  /** The link is lost, and tried again without waiting out the pause. */
  async lostAndOpened(): Promise<void> {
    close(1006);
    await answered();
    this.session.retryNow();
    await answered();
  }

  end(): void {
    void this.session.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  }

  async #fetch(url: string, init: RequestInit = {}): Promise<Response> {
    if (this.http === null) throw new TypeError('nothing there');
    if (url.endsWith('/tickets')) this.asked.push(JSON.parse(init.body as string));
    const { status, body, retry } = this.http(new URL(url).pathname);
    return new Response(JSON.stringify(body), {
      status,
      headers: retry === undefined ? {} : { 'Retry-After': retry },
    });
  }
}

/** Lets what waits for an answer go on. */
export const answered = () => vi.advanceTimersByTimeAsync(1);
export const close = (code: number) => FakeSocket.last.onclose?.({ code, reason: '' });
