// Proves: the room on the screen follows the relay's messages, whatever their order.

import { expect, test } from 'vitest';
import type { RelayMessage } from '../net/text.ts';
import { apply, EMPTY_ROOM } from './room-state.ts';

const ada = {
  id: 1,
  name: 'Ada',
  colour: 0,
  role: 'talker' as const,
  muted: false,
  talking: false,
  away: false,
  microphoneMs: null,
};
const grace = { ...ada, id: 2, name: 'Grace' };
const welcome: RelayMessage = {
  type: 'welcome',
  version: 1,
  room: 'lobby',
  id: 1,
  ptimeMs: 20,
  bitrate: 64_000,
  clockUs: 0,
  participants: [ada],
  resume: 'token',
  boot: 'run-1',
  resumed: false,
  echo: 0,
};
const after = (...messages: RelayMessage[]) => messages.reduce(apply, EMPTY_ROOM);

test('people come, talk, mute and go', () => {
  const joined: RelayMessage = { type: 'joined', participant: grace };
  expect(after(welcome, joined).participants).toEqual([ada, grace]);
  expect(after(welcome, joined, { type: 'talking', id: 2, talking: true }).participants[1]!.talking).toBe(true);
  const muted = after(
    welcome,
    joined,
    { type: 'talking', id: 2, talking: true },
    { type: 'muted', id: 2, muted: true, byHost: false },
  );
  expect(muted.participants[1]).toMatchObject({ muted: true, talking: false });
  const left = after(welcome, joined, { type: 'left', id: 2 });
  expect(left.participants).toEqual([ada]);
  expect(left.lines).toMatchObject([
    { what: 'joined', name: 'Grace' },
    { what: 'left', name: 'Grace' },
  ]);
});

test('another name or colour is seen at once, and what was said keeps the name', () => {
  const chat: RelayMessage = { type: 'chat', message: 1, id: 2, name: 'Grace', text: 'hi', atMs: 0, echo: null };
  const named: RelayMessage = { type: 'identity', id: 2, name: 'Grace H.', colour: 0 };
  const state = after({ ...welcome, participants: [ada, grace] }, chat, named, { ...named, colour: 5 });
  expect(state.participants).toEqual([ada, { ...grace, name: 'Grace H.', colour: 5 }]);
  expect(state.lines).toMatchObject([{ from: 'Grace' }, { what: 'renamed', name: 'Grace', to: 'Grace H.' }]);
  expect(after(welcome, named)).toEqual(after(welcome));
});

test('a second welcome, after a reconnect, replaces the roster and keeps the lines', () => {
  const chat: RelayMessage = { type: 'chat', message: 1, id: 2, name: 'Grace', text: 'hi', atMs: 0, echo: null };
  const state = after(welcome, chat, { ...welcome, id: 9, participants: [grace] });
  expect(state.ownId).toBe(9);
  expect(state.participants).toEqual([grace]);
  expect(state.lines.length).toBe(1);
});

test('who is away stays in the roster, silent, until they leave', () => {
  const talks: RelayMessage = { type: 'talking', id: 2, talking: true };
  const away = after(welcome, { type: 'joined', participant: grace }, talks, { type: 'away', id: 2, away: true });
  expect(away.participants[1]).toMatchObject({ away: true, talking: false });
  const back = apply(away, { type: 'away', id: 2, away: false });
  expect(back.participants[1]).toMatchObject({ away: false });
  expect(back.lines.length).toBe(1);
});

test('who left and is back at once, with another role say, is no news', () => {
  const again: RelayMessage = { type: 'joined', participant: { ...grace, id: 3, role: 'listener' } };
  const state = after(welcome, { type: 'joined', participant: grace }, { type: 'left', id: 2 }, again);
  expect(state.participants.map(({ id }) => id)).toEqual([1, 3]);
  expect(state.lines).toMatchObject([{ what: 'joined', name: 'Grace' }]);
});

test('own lines are known as own', () => {
  const chat: RelayMessage = { type: 'chat', message: 1, id: 1, name: 'Ada', text: 'hi', atMs: 0, echo: null };
  expect(after(welcome, chat).lines[0]).toMatchObject({ kind: 'chat', own: true });
});

test('keys stay unique and the memory bounded', () => {
  const chat: RelayMessage = { type: 'chat', message: 1, id: 1, name: 'Ada', text: 'hi', atMs: 0, echo: null };
  const state = after(welcome, ...Array<RelayMessage>(1000).fill(chat));
  expect(state.lines.length).toBe(300);
  expect(new Set(state.lines.map((l) => l.key)).size).toBe(300);
});

test('somebody unknown may leave', () => {
  expect(after(welcome, { type: 'left', id: 77 }).participants).toEqual([ada]);
});
