// Proves: the relay is told what changed and nothing else, whoever comes, goes, or comes back.

import { expect, test } from 'vitest';
import type { Participant } from '../net/text.ts';
import { carried, type Gain, gainOf, toSay } from './gains.ts';

const person = (id: number, name: string): Participant => ({
  id,
  name,
  colour: 0,
  role: 'talker',
  muted: false,
  talking: false,
  away: false,
  microphoneMs: null,
});
const ada = person(1, 'Ada');
const grace = person(2, 'Grace');

test('who is as they are is not spoken of', () => {
  expect(toSay([ada, grace], {}, new Map())).toEqual([]);
});

test('a gain is said once, and 0 takes it back', () => {
  const said = new Map<number, Gain>();
  expect(toSay([ada, grace], { Ada: -6 }, said)).toEqual([{ kind: 'gain', participant: 1, db: -6 }]);
  expect(toSay([ada, grace], { Ada: -6 }, said)).toEqual([]);
  expect(toSay([ada, grace], { Ada: null }, said)).toEqual([{ kind: 'gain', participant: 1, db: null }]);
  expect(toSay([ada, grace], { Ada: 0 }, said)).toEqual([{ kind: 'gain', participant: 1, db: 0 }]);
});

test('who comes back under another id is heard as before', () => {
  const said = new Map<number, Gain>();
  toSay([ada], { Ada: 3 }, said);
  expect(toSay([], { Ada: 3 }, said)).toEqual([]);
  expect(toSay([person(7, 'Ada')], { Ada: 3 }, said)).toEqual([{ kind: 'gain', participant: 7, db: 3 }]);
});

test('on another socket what was taken back is said too: the relay may remember more', () => {
  expect(toSay([ada, grace], { Ada: 0 }, new Map())).toEqual([{ kind: 'gain', participant: 1, db: 0 }]);
});

test('a name that is a word of the language is a name', () => {
  expect(gainOf({}, 'constructor')).toBe(0);
  expect(toSay([person(3, '__proto__')], {}, new Map())).toEqual([]);
});

test('who is called otherwise is as loud as before', () => {
  const said = new Map<number, Gain>();
  const gains = { Ada: null };
  toSay([ada], gains, said);
  const renamed = carried(gains, 'Ada', 'Ada L.');
  expect(toSay([person(1, 'Ada L.')], renamed, said)).toEqual([]);
  expect(gainOf(renamed, 'Ada L.')).toBeNull();
  expect(carried(gains, 'Grace', 'toString')).toBe(gains);
});
