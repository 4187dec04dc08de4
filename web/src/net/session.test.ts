// Proves: a session gets in by ticket, holds over lost sockets, gives up where it should, and answers what the relay
// asks, with a socket, an HTTP and clocks of the test's own.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Link } from './messages.ts';
import type { Unsaid } from './outbox.ts';
import { Session, type Start } from './session.ts';
import type { RelayMessage } from './text.ts';
import type { Entry } from './ticket.ts';

class FakeSocket {
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

const WELCOME = {
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
  resume: 'token-1',
  resumed: false,
  echo: 0,
};
const BACK = { ...WELCOME, resume: 'token-2', resumed: true };
const ENTRY: Entry = { room: 'lobby', name: 'Ada', role: 'talker', key: 'KEY', pin: null };
const ORIGIN = 'https://relay:8443';

let links: Link[];
let messages: RelayMessage[];
let tokens: string[];
let unsaid: readonly Unsaid[];
let session: Session;
/** What the relay answers to HTTP; null: it is away. */
let http: ((path: string, body: Record<string, unknown>) => { status: number; body: object; retry?: string }) | null;
let asked: Record<string, unknown>[];

const ticketed = () => ({ status: 200, body: { ticket: `ticket-${asked.length}` } });

async function fakeFetch(url: string, init: RequestInit = {}) {
  if (http === null) throw new TypeError('nothing there');
  const body = init.body === undefined ? {} : JSON.parse(init.body as string);
  if (url.endsWith('/tickets')) asked.push(body);
  const answer = http(new URL(url).pathname, body);
  return new Response(JSON.stringify(answer.body), {
    status: answer.status,
    headers: answer.retry === undefined ? {} : { 'Retry-After': answer.retry },
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', fakeFetch);
  FakeSocket.all = [];
  [links, messages, tokens, unsaid, asked] = [[], [], [], [], []];
  http = ticketed;
});

function begin(start: Partial<Start> = { ticket: 'first' }): void {
  session = new Session(
    ORIGIN,
    ENTRY,
    { seat: null, ticket: null, unsaid: [], ...start },
    {
      link: (link) => links.push(link),
      welcome: () => {},
      message: (message) => messages.push(message),
      packet: () => {},
      clock: () => {},
      token: (token) => tokens.push(token),
      unsaid: (lines) => {
        unsaid = lines;
      },
    },
  );
  session.start();
}

afterEach(() => {
  session.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A packet from the relay, with one byte of payload. */
function downPacket(sequence: number): ArrayBuffer {
  const bytes = new Uint8Array(17);
  bytes.set([0x02, 0, sequence >> 8, sequence & 0xff]);
  return bytes.buffer;
}

/** Lets what waits for an answer go on. */
const answered = () => vi.advanceTimersByTimeAsync(1);
/** The link is lost, and tried again without waiting out the pause. */
async function lostAndOpened(): Promise<void> {
  close(1006);
  await answered();
  session.retryNow();
  await answered();
}
const states = () => links.map((link) => link.state);
const close = (code: number) => FakeSocket.last.onclose?.({ code, reason: '' });

describe('a session', () => {
  beforeEach(() => begin());

  test('offers the subprotocol and is open with the welcome, not before', () => {
    expect(FakeSocket.last.protocol).toBe('lanline.v1');
    expect(states()).toEqual(['connecting']);
    FakeSocket.last.says(WELCOME);
    expect(states()).toEqual(['connecting', 'open']);
  });

  test('answers the relay’s ping with its own number', () => {
    FakeSocket.last.says(WELCOME);
    FakeSocket.last.says({ type: 'ping', t: 77 });
    expect(FakeSocket.last.texts('pong')).toEqual([{ type: 'pong', t: 77 }]);
  });

  test('learns the clock from its pings', () => {
    FakeSocket.last.says(WELCOME);
    const { t } = FakeSocket.last.texts('ping')[0]!;
    vi.advanceTimersByTime(10);
    FakeSocket.last.says({ type: 'pong', t, clock_us: 1_000_000 });
    expect(session.clock.roundTripUs).toBe(10_000);
    expect(session.clock.offsetUs).toBe(1_000_000 - t! - 5_000);
  });

  test('sends a few pings at the start, then one every two seconds, more while talking', () => {
    FakeSocket.last.says(WELCOME);
    const count = (ms: number) => {
      const before = FakeSocket.last.texts('ping').length;
      for (let at = 0; at < ms; at += 125) {
        vi.advanceTimersByTime(125);
        FakeSocket.last.says({ type: 'ping', t: 1 });
      }
      return FakeSocket.last.texts('ping').length - before;
    };
    expect(count(1_000)).toBe(4);
    expect(count(10_000)).toBe(5);
    session.talking = true;
    expect(count(2_000)).toBe(20);
  });

  test('reports what came at once, then at most every 100 ms, and what nothing follows too', () => {
    FakeSocket.last.says(WELCOME);
    for (let sequence = 1; sequence <= 7; sequence++) {
      FakeSocket.last.onmessage?.({ data: downPacket(sequence) });
      vi.advanceTimersByTime(20);
    }
    vi.advanceTimersByTime(200);
    const reported = FakeSocket.last.texts('received').map((m) => (m as { sequence?: number }).sequence);
    expect(reported).toEqual([1, 5, 7]);
  });

  test('gives up a silent socket after five seconds, ten while hidden, and comes back', () => {
    FakeSocket.last.says(WELCOME);
    vi.advanceTimersByTime(4_900);
    expect(states().at(-1)).toBe('open');
    vi.advanceTimersByTime(300);
    expect(states().at(-1)).toBe('lost');
    vi.advanceTimersByTime(300);
    expect(FakeSocket.all.length).toBe(2);
    FakeSocket.last.says(WELCOME);
    session.hidden = true;
    vi.advanceTimersByTime(9_000);
    expect(states().at(-1)).toBe('open');
  });

  test('waits longer and longer for a relay that is gone', async () => {
    FakeSocket.last.says(WELCOME);
    http = null;
    for (let n = 0; n < 6; n++) await lostAndOpened();
    const pauses = links.filter((link) => link.state === 'lost').map((link) => link.retryMs);
    expect(pauses.length).toBe(6);
    expect(pauses[5]).toBeGreaterThan(pauses[0]! * 8);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(8_000);
  });

  test('does not wait when the page or the network comes back', () => {
    FakeSocket.last.says(WELCOME);
    close(1006);
    session.retryNow();
    expect(FakeSocket.all.length).toBe(2);
  });

  test('a goodbye for good ends it, with its reason', () => {
    FakeSocket.last.says(WELCOME);
    FakeSocket.last.says({ type: 'goodbye', reason: 'The room is closed.', reconnect: false });
    close(1001);
    expect(links.at(-1)).toEqual({
      state: 'ended',
      why: { code: 'ended', message: 'The room is closed.', retryS: null },
    });
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all.length).toBe(1);
  });

  test('takes no audio while the browser holds some, or while its pings go unanswered', () => {
    FakeSocket.last.says(WELCOME);
    expect(session.takesAudio).toBe(true);
    FakeSocket.last.bufferedAmount = 2_000;
    expect(session.takesAudio).toBe(false);
    FakeSocket.last.bufferedAmount = 0;
    vi.advanceTimersByTime(500);
    expect(session.takesAudio).toBe(false);
  });
});

describe('the way in', () => {
  test('is a ticket for what is asked, and a socket with it', async () => {
    begin({});
    await answered();
    expect(asked).toEqual([{ room: 'lobby', name: 'Ada', role: 'talker', key: 'KEY' }]);
    expect(FakeSocket.last.url).toBe('wss://relay:8443/ws?ticket=ticket-1');
  });

  test('a ticket that grew too old is followed by a fresh one', async () => {
    begin();
    expect(FakeSocket.last.query).toEqual({ ticket: 'first' });
    await lostAndOpened();
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-1' });
    FakeSocket.last.says(WELCOME);
    expect(states().at(-1)).toBe('open');
  });

  test.each(['bad_key', 'bad_pin', 'room_locked', 'full'])('a refusal ends it: %s', async (code) => {
    http = () => ({ status: 403, body: { error: code, message: 'No.' } });
    begin({});
    await answered();
    expect(links.at(-1)).toEqual({ state: 'ended', why: { code, message: 'No.', retryS: null } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBe(1);
  });

  test('how long to wait is told', async () => {
    http = () => ({ status: 429, body: { error: 'rate_limited', message: 'Slowly.' }, retry: '17' });
    begin({});
    await answered();
    expect(links.at(-1)).toMatchObject({ why: { code: 'rate_limited', retryS: 17 } });
  });

  test('a relay that is away is asked again', async () => {
    http = null;
    begin({});
    await answered();
    expect(states().at(-1)).toBe('lost');
    http = ticketed;
    session.retryNow();
    await answered();
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-1' });
  });

  test('who was inside waits for a place instead of being sent away', async () => {
    begin();
    FakeSocket.last.says({ ...WELCOME, resume: 'token-1' });
    http = (path) =>
      path === '/healthz' ? { status: 200, body: {} } : { status: 503, body: { error: 'full', message: '' } };
    for (let n = 0; n < 4; n++) await lostAndOpened();
    expect(asked.length).toBeGreaterThan(0);
    expect(states()).not.toContain('ended');
  });

  test('another role is another seat, and no seat is given up for a refusal', async () => {
    begin();
    FakeSocket.last.says(WELCOME);
    const first = FakeSocket.last;
    http = () => ({ status: 403, body: { error: 'bad_key', message: 'No.' } });
    expect(await session.become('listener')).toMatchObject({ code: 'bad_key' });
    expect(first.closedWith).toBeNull();
    http = ticketed;
    expect(await session.become('listener')).toBeNull();
    expect(first.closedWith).toBe(1000);
    expect(asked.at(-1)).toMatchObject({ role: 'listener' });
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-2' });
  });
});

describe('the way back', () => {
  const line = (message: number, fields: object = {}) =>
    FakeSocket.last.says({ type: 'chat', message, id: 2, name: 'Grace', text: `line ${message}`, at_ms: 0, ...fields });
  const lines = () => messages.flatMap((m) => (m.type === 'chat' ? [m.text] : []));

  test('is by the last token and the last number', async () => {
    begin();
    FakeSocket.last.says(WELCOME);
    line(1);
    line(2);
    FakeSocket.last.says({ type: 'resume', token: 'token-1b' });
    await lostAndOpened();
    expect(FakeSocket.last.query).toEqual({ resume: 'token-1b', after: '2' });
    expect(asked).toEqual([]);
    expect(tokens).toEqual(['token-1', 'token-1b']);
  });

  test('a token is acknowledged when it is kept', () => {
    begin();
    FakeSocket.last.says(WELCOME);
    expect(FakeSocket.last.texts('resume_received').length).toBe(0);
    session.kept();
    expect(FakeSocket.last.texts('resume_received').length).toBe(1);
  });

  test('what is said again is shown once', async () => {
    begin();
    FakeSocket.last.says(WELCOME);
    line(1);
    line(2);
    await lostAndOpened();
    FakeSocket.last.says(BACK);
    for (const number of [1, 2, 3]) line(number);
    expect(lines()).toEqual(['line 1', 'line 2', 'line 3']);
  });

  test('in another seat numbers begin anew', async () => {
    begin();
    FakeSocket.last.says(WELCOME);
    line(7);
    await lostAndOpened();
    FakeSocket.last.says({ ...BACK, resumed: false });
    line(1);
    expect(lines()).toEqual(['line 7', 'line 1']);
  });

  test('a token that a relay which is there refuses again and again is given up for a ticket', async () => {
    begin({ seat: { token: 'old', after: 0 } });
    for (let n = 0; n < 3; n++) {
      expect(FakeSocket.last.query.resume).toBe('old');
      await lostAndOpened();
    }
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-1' });
  });

  test('a relay that is away is no reason to give a token up', async () => {
    begin({ seat: { token: 'good', after: 0 } });
    http = null;
    for (let n = 0; n < 6; n++) await lostAndOpened();
    expect(FakeSocket.last.query.resume).toBe('good');
  });

  test('what was written meanwhile is said after the return, once and in order', async () => {
    begin();
    FakeSocket.last.says(WELCOME);
    session.chat('one');
    line(1, { id: 1, text: 'one', echo: 1 });
    session.chat('two');
    close(1006);
    session.chat('three');
    expect(unsaid.map(({ text }) => text)).toEqual(['two', 'three']);
    session.retryNow();
    FakeSocket.last.says({ ...BACK, echo: 2 });
    expect(FakeSocket.last.texts('chat')).toEqual([{ type: 'chat', text: 'three', echo: 3 }]);
    line(2, { id: 1, text: 'two', echo: 2 });
    line(3, { id: 1, text: 'three', echo: 3 });
    expect(unsaid).toEqual([]);
    expect(lines()).toEqual(['one', 'two', 'three']);
  });

  test('a line that the relay refuses is let go', () => {
    begin();
    FakeSocket.last.says(WELCOME);
    session.chat('\u202e');
    FakeSocket.last.says({ type: 'error', code: 'bad_message', message: 'hidden characters' });
    expect(unsaid).toEqual([]);
  });

  test('who was replaced does not fight for the seat', async () => {
    begin();
    FakeSocket.last.says(WELCOME);
    FakeSocket.last.says({ type: 'goodbye', reason: 'Elsewhere.', reconnect: false });
    close(4002);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links.at(-1)).toMatchObject({ state: 'ended', why: { code: 'replaced' } });
    expect(FakeSocket.all.length).toBe(1);
  });
});
