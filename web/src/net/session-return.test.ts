// Proves: a session gets in by ticket, and comes back to its seat by token, with every line said and shown once.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { answered, BACK, close, FakeSocket, Stay, WELCOME } from './session-harness.ts';

let stay: Stay;

beforeEach(() => {
  stay = new Stay();
});

afterEach(() => stay.end());

describe('the way in', () => {
  test('is a ticket for what is asked, and a socket with it', async () => {
    stay.begin({});
    await answered();
    expect(stay.asked).toEqual([{ room: 'lobby', name: 'Ada', role: 'talker', key: 'KEY' }]);
    expect(FakeSocket.last.url).toBe('wss://relay:8443/ws?ticket=ticket-1');
  });

  test('a ticket that grew too old is followed by a fresh one', async () => {
    stay.begin();
    expect(FakeSocket.last.query).toEqual({ ticket: 'first' });
    await stay.lostAndOpened();
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-1' });
    FakeSocket.last.says(WELCOME);
    expect(stay.states.at(-1)).toBe('open');
  });

  test.each(['bad_key', 'bad_pin', 'room_locked', 'full'])('a refusal ends it: %s', async (code) => {
    stay.http = () => ({ status: 403, body: { error: code, message: 'No.' } });
    stay.begin({});
    await answered();
    expect(stay.links.at(-1)).toEqual({ state: 'ended', why: { code, message: 'No.', retryS: null } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stay.asked.length).toBe(1);
  });

  test('how long to wait is told', async () => {
    stay.http = () => ({ status: 429, body: { error: 'rate_limited', message: 'Slowly.' }, retry: '17' });
    stay.begin({});
    await answered();
    expect(stay.links.at(-1)).toMatchObject({ why: { code: 'rate_limited', retryS: 17 } });
  });

  test('a relay that is away is asked again', async () => {
    stay.http = null;
    stay.begin({});
    await answered();
    expect(stay.states.at(-1)).toBe('lost');
    stay.http = stay.ticketed;
    stay.session.retryNow();
    await answered();
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-1' });
  });

  test('who was inside waits for a place instead of being sent away', async () => {
    stay.begin();
    FakeSocket.last.says({ ...WELCOME, resume: 'token-1' });
    stay.http = (path) =>
      path === '/healthz' ? { status: 200, body: {} } : { status: 503, body: { error: 'full', message: '' } };
    for (let n = 0; n < 4; n++) await stay.lostAndOpened();
    expect(stay.asked.length).toBeGreaterThan(0);
    expect(stay.states).not.toContain('ended');
  });

  test('another role is another seat, and no seat is given up for a refusal', async () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    const first = FakeSocket.last;
    stay.http = () => ({ status: 403, body: { error: 'bad_key', message: 'No.' } });
    expect(await stay.session.become('listener')).toMatchObject({ code: 'bad_key' });
    expect(first.closedWith).toBeNull();
    stay.http = stay.ticketed;
    expect(await stay.session.become('listener')).toBeNull();
    expect(first.closedWith).toBe(1000);
    expect(stay.asked.at(-1)).toMatchObject({ role: 'listener' });
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-2' });
  });
});

describe('the way back', () => {
  const line = (message: number, fields: object = {}) =>
    FakeSocket.last.says({ type: 'chat', message, id: 2, name: 'Grace', text: `line ${message}`, at_ms: 0, ...fields });
  const lines = () => stay.messages.flatMap((m) => (m.type === 'chat' ? [m.text] : []));

  test('is by the last token and the last number', async () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    line(1);
    line(2);
    FakeSocket.last.says({ type: 'resume', token: 'token-1b' });
    await stay.lostAndOpened();
    expect(FakeSocket.last.query).toEqual({ resume: 'token-1b', after: '2' });
    expect(stay.asked).toEqual([]);
    expect(stay.tokens).toEqual(['token-1', 'token-1b']);
  });

  test('a token is acknowledged when it is kept', () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    expect(FakeSocket.last.texts('resume_received').length).toBe(0);
    stay.session.kept();
    expect(FakeSocket.last.texts('resume_received').length).toBe(1);
  });

  test('what is said again is shown once', async () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    line(1);
    line(2);
    await stay.lostAndOpened();
    FakeSocket.last.says(BACK);
    for (const number of [1, 2, 3]) line(number);
    expect(lines()).toEqual(['line 1', 'line 2', 'line 3']);
  });

  test('in another seat numbers begin anew', async () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    line(7);
    await stay.lostAndOpened();
    FakeSocket.last.says({ ...BACK, resumed: false });
    line(1);
    expect(lines()).toEqual(['line 7', 'line 1']);
  });

  test('a token that a relay which is there refuses again and again is given up for a ticket', async () => {
    stay.begin({ seat: { token: 'old', after: 0 } });
    for (let n = 0; n < 3; n++) {
      expect(FakeSocket.last.query.resume).toBe('old');
      await stay.lostAndOpened();
    }
    expect(FakeSocket.last.query).toEqual({ ticket: 'ticket-1' });
  });

  test('a relay that is away is no reason to give a token up', async () => {
    stay.begin({ seat: { token: 'good', after: 0 } });
    stay.http = null;
    for (let n = 0; n < 6; n++) await stay.lostAndOpened();
    expect(FakeSocket.last.query.resume).toBe('good');
  });

  test('what was written meanwhile is said after the return, once and in order', async () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    stay.session.chat('one');
    line(1, { id: 1, text: 'one', echo: 1 });
    stay.session.chat('two');
    close(1006);
    stay.session.chat('three');
    expect(stay.unsaid.map(({ text }) => text)).toEqual(['two', 'three']);
    stay.session.retryNow();
    FakeSocket.last.says({ ...BACK, echo: 2 });
    expect(FakeSocket.last.texts('chat')).toEqual([{ type: 'chat', text: 'three', echo: 3 }]);
    line(2, { id: 1, text: 'two', echo: 2 });
    line(3, { id: 1, text: 'three', echo: 3 });
    expect(stay.unsaid).toEqual([]);
    expect(lines()).toEqual(['one', 'two', 'three']);
  });

  test.each(['bad_message', 'too_big'])(
    'a line that the relay refuses as %s is let go, and not said again',
    async (code) => {
      stay.begin();
      FakeSocket.last.says(WELCOME);
      stay.session.chat('\u202e');
      FakeSocket.last.says({ type: 'error', code, message: 'not so' });
      expect(stay.unsaid).toEqual([]);
      await stay.lostAndOpened();
      FakeSocket.last.says(BACK);
      expect(FakeSocket.last.texts('chat')).toEqual([]);
    },
  );

  test('another name and colour are said, and again after each way back that did not hear of them', async () => {
    const own = { id: 1, name: 'Ada', colour: 0, role: 'talker', muted: false, talking: false, away: false };
    stay.begin();
    FakeSocket.last.says({ ...WELCOME, participants: [own] });
    expect(FakeSocket.last.texts('identity')).toEqual([]);
    stay.session.identify('Ada L.', 5);
    expect(FakeSocket.last.texts('identity')).toEqual([{ type: 'identity', name: 'Ada L.', colour: 5 }]);
    await stay.lostAndOpened();
    FakeSocket.last.says({ ...BACK, participants: [own] });
    expect(FakeSocket.last.texts('identity')).toEqual([{ type: 'identity', name: 'Ada L.', colour: 5 }]);
    await stay.lostAndOpened();
    FakeSocket.last.says({ ...BACK, participants: [{ ...own, name: 'Ada L.', colour: 5 }] });
    expect(FakeSocket.last.texts('identity')).toEqual([]);
    // A ticket is for the new name, too.
    stay.session.identify('Countess', null);
    expect(FakeSocket.last.texts('identity')).toEqual([{ type: 'identity', name: 'Countess' }]);
    await stay.session.become('listener');
    expect(stay.asked.at(-1)).toMatchObject({ name: 'Countess', role: 'listener' });
  });

  test('who was replaced does not fight for the seat', async () => {
    stay.begin();
    FakeSocket.last.says(WELCOME);
    FakeSocket.last.says({ type: 'goodbye', reason: 'Elsewhere.', reconnect: false });
    close(4002);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stay.links.at(-1)).toMatchObject({ state: 'ended', why: { code: 'replaced' } });
    expect(FakeSocket.all.length).toBe(1);
  });
});
