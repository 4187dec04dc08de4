// Proves: the page's idea of rooms and names is the protocol's.

import { expect, test } from 'vitest';
import { initials, nameProblem, roomOf } from './names.ts';

test('the room comes from the path, and the lobby is where none is named', () => {
  expect(roomOf('/')).toBe('lobby');
  expect(roomOf('/r/stage-2')).toBe('stage-2');
  expect(roomOf('/r/stage-2/')).toBe('stage-2');
  expect(roomOf('/r/')).toBe('lobby');
});

test('a malformed room is none', () => {
  for (const path of ['/r/Stage', '/r/a%20b', '/r/..', `/r/${'a'.repeat(33)}`]) expect(roomOf(path)).toBeNull();
});

test('names are data, not markup', () => {
  expect(nameProblem('<img src=x onerror=alert(1)>')).toBeNull();
  expect(nameProblem('é'.repeat(32))).toBeNull();
});

test('what the relay would refuse is found before', () => {
  for (const name of ['', '  ', 'é'.repeat(33), 'a\u202eb', 'a\u0000b', 'a\u001b[31m']) {
    expect(nameProblem(name)).not.toBeNull();
  }
});

test('initials are whole characters', () => {
  expect(initials('Ada Lovelace')).toBe('AL');
  expect(initials('👋 hello')).toBe('👋H');
  expect(initials('zoë')).toBe('Z');
});
