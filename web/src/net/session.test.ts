// Proves: a session holds over lost sockets, gives up where it should, and answers what the relay asks, with a socket
// and clocks of the test's own.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Link } from './messages.ts';
import { Session } from './session.ts';

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

  texts(type: string): { t?: number; muted?: boolean }[] {
    return this.sent
      .filter((s): s is string => typeof s === 'string')
      .map((s) => JSON.parse(s))
      .filter((m) => m.type === type);
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
};

let links: Link[];
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', () => Promise.reject(new Error('nothing there')));
  FakeSocket.all = [];
  links = [];
  session = new Session('wss://relay/ws?room=lobby&name=Ada', {
    link: (link) => links.push(link),
    welcome: () => {},
    message: () => {},
    packet: () => {},
    clock: () => {},
  });
  session.start();
});

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

const states = () => links.map((link) => link.state);
const close = (code: number) => FakeSocket.last.onclose?.({ code, reason: '' });

describe('a session', () => {
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
    for (let n = 0; n < 6; n++) {
      close(1006);
      await vi.advanceTimersByTimeAsync(10);
      session.retryNow();
    }
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
    expect(links.at(-1)).toEqual({ state: 'ended', reason: 'The room is closed.' });
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all.length).toBe(1);
  });

  test('a refusal is told in the relay’s words', async () => {
    const answer = { status: 400, json: async () => ({ error: 'bad_name', message: 'A name must not be empty.' }) };
    vi.stubGlobal('fetch', async () => answer);
    close(1006);
    await vi.advanceTimersByTimeAsync(10);
    expect(links.at(-1)).toEqual({ state: 'ended', reason: 'A name must not be empty.' });
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
