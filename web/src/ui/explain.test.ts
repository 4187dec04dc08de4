// Proves: every way in which the relay says no has words and a next step, and no step leads nowhere.

import { expect, test } from 'vitest';
import { explain, explainSilence } from './explain.ts';

const refused = (code: string, retryS: number | null = null) =>
  explain({ kind: 'refused', why: { code, message: 'In the words of the relay.', retryS } });

test.each(['key_needed', 'bad_key', 'bad_pin', 'rate_limited'])('%s: one may type the PIN', (code) => {
  const { pin, text, talk } = refused(code, 17);
  expect(pin).not.toBeNull();
  expect(text).not.toBeNull();
  expect(talk).toBeNull();
});

test('after too many wrong PINs one waits as long as the relay says', () => {
  expect(refused('rate_limited', 17).pin!.waitS).toBe(17);
  expect(refused('bad_pin').pin!.waitS).toBe(0);
});

test.each(['room_locked', 'full', 'too_many_sockets', 'removed', 'room_ended', 'replaced'])(
  '%s: words and a button',
  (code) => {
    const { text, talk, pin } = refused(code);
    expect(text).not.toBeNull();
    expect(talk).not.toBeNull();
    expect(pin).toBeNull();
  },
);

test('what is not known is told in the relay’s words', () => {
  expect(refused('bad_name')).toMatchObject({ text: null, words: 'In the words of the relay.', talk: 'joinAgain' });
});

test('https is offered where there may be some, and on a port of its own there is none', () => {
  expect(explain({ kind: 'insecure', port: false }).step).toBe('https');
  const { step, text } = explain({ kind: 'insecure', port: true });
  expect(step).toBeNull();
  expect(text).toBe('insecurePortText');
});

test('where a browser gives pages no microphone, one is not sent to https but to another browser, or listens', () => {
  const { title, step, listens } = explain({ kind: 'microphone', failure: 'withheld' });
  expect([title, step, listens]).toEqual(['micWithheld', null, true]);
});

test.each([
  ['room_locked', 'roomLocked', 'roomLockedText'],
  ['full', 'roomFull', 'roomFullText'],
  ['no_answer', 'noMicrophone', 'relayGone'],
  ['bad_name', 'noMicrophone', null],
])('who listens and may not talk is told why in their language: %s', (code, title, text) => {
  const told = explainSilence({ code, message: 'In the words of the relay.', retryS: null });
  expect([told.title, told.text]).toEqual([title, text]);
});
