// Proves: a session holds over lost sockets, gives up where it should, and answers what the relay asks.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { answered, BACK, close, FakeSocket, Stay, WELCOME } from './session-harness.ts';

let stay: Stay;

beforeEach(() => {
  stay = new Stay();
});

afterEach(() => stay.end());

/** A packet from the relay, with one byte of payload. */
function downPacket(sequence: number): ArrayBuffer {
  const bytes = new Uint8Array(17);
  bytes.set([0x02, 0, sequence >> 8, sequence & 0xff]);
  return bytes.buffer;
}

describe('a session', () => {
  beforeEach(() => stay.begin());

  test('offers the subprotocol and is open with the welcome, not before', () => {
    expect(FakeSocket.last.protocol).toBe('lanline.v1');
    expect(stay.states).toEqual(['connecting']);
    FakeSocket.last.says(WELCOME);
    expect(stay.states).toEqual(['connecting', 'open']);
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
    expect(stay.session.clock.roundTripUs).toBe(10_000);
    expect(stay.session.clock.offsetUs).toBe(1_000_000 - t! - 5_000);
  });

  test('begins its clock anew with another run of the relay, and not with another socket', async () => {
    FakeSocket.last.says(WELCOME);
    FakeSocket.last.says({ type: 'pong', t: FakeSocket.last.texts('ping')[0]!.t, clock_us: 1_000_000 });
    await stay.lostAndOpened();
    FakeSocket.last.says(BACK);
    expect(stay.session.clock.offsetUs).not.toBeNull();
    await stay.lostAndOpened();
    FakeSocket.last.says({ ...BACK, boot: 'run-2' });
    expect(stay.session.clock.offsetUs).toBeNull();
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
    stay.session.talking = true;
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

  test('tells of packets that the relay left out, over sockets', () => {
    const come = (sequences: number[]) => {
      for (const sequence of sequences) FakeSocket.last.onmessage?.({ data: downPacket(sequence) });
    };
    FakeSocket.last.says(WELCOME);
    come([1, 2, 5, 6]);
    expect(stay.leftOut).toEqual([2]);
    close(1006);
    stay.session.retryNow();
    FakeSocket.last.says(BACK);
    come([300, 302]);
    expect(stay.leftOut).toEqual([2, 3]);
  });

  test('gives up a silent socket after five seconds, ten while hidden, and comes back', () => {
    FakeSocket.last.says(WELCOME);
    vi.advanceTimersByTime(4_900);
    expect(stay.states.at(-1)).toBe('open');
    vi.advanceTimersByTime(300);
    expect(stay.states.at(-1)).toBe('lost');
    vi.advanceTimersByTime(300);
    expect(FakeSocket.all.length).toBe(2);
    FakeSocket.last.says(WELCOME);
    stay.session.hidden = true;
    vi.advanceTimersByTime(9_000);
    expect(stay.states.at(-1)).toBe('open');
  });

  test('waits longer and longer for a relay that is gone', async () => {
    FakeSocket.last.says(WELCOME);
    stay.http = null;
    for (let n = 0; n < 6; n++) await stay.lostAndOpened();
    const pauses = stay.links.filter((link) => link.state === 'lost').map((link) => link.retryMs);
    expect(pauses.length).toBe(6);
    expect(pauses[5]).toBeGreaterThan(pauses[0]! * 8);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
  });

  test('does not wait when the page or the network comes back', () => {
    FakeSocket.last.says(WELCOME);
    close(1006);
    stay.session.retryNow();
    expect(FakeSocket.all.length).toBe(2);
  });

  test('a goodbye for good ends it, with its reason', () => {
    FakeSocket.last.says(WELCOME);
    FakeSocket.last.says({ type: 'goodbye', reason: 'The room is closed.', reconnect: false });
    close(1001);
    expect(stay.links.at(-1)).toEqual({
      state: 'ended',
      why: { code: 'ended', message: 'The room is closed.', retryS: null },
    });
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all.length).toBe(1);
  });

  test('is over when the relay knows that one has left', async () => {
    FakeSocket.last.says(WELCOME);
    let over = false;
    void stay.session.stop().then(() => {
      over = true;
    });
    await answered();
    FakeSocket.last.says({ type: 'left', id: 1 });
    expect([FakeSocket.last.closedWith, over, stay.messages.length]).toEqual([1000, false, 1]);
    close(1000);
    await answered();
    expect(over).toBe(true);
  });

  test('takes no audio while the browser holds some, or while its pings go unanswered', () => {
    FakeSocket.last.says(WELCOME);
    expect(stay.session.takesAudio).toBe(true);
    FakeSocket.last.bufferedAmount = 2_000;
    expect(stay.session.takesAudio).toBe(false);
    stay.session.bitrate = 160_000;
    expect(stay.session.takesAudio).toBe(true);
    FakeSocket.last.bufferedAmount = 0;
    vi.advanceTimersByTime(500);
    expect(stay.session.takesAudio).toBe(false);
  });
});
