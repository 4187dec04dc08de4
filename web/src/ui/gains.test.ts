// Proves: the relay is told what changed and nothing else, whoever comes, goes, or comes back; and what is chosen for one
// is chosen for nobody else, whatever they are called.

import { expect, test } from 'vitest';
import type { Participant, RelayMessage, Welcome } from '../net/text.ts';
import { AS_THEY_ARE, chosen, follow, type Gain, type Gains, gainOf, toSay } from './gains.ts';

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
const [alex, other] = [person(3, 'Alex'), person(4, 'Alex')];

const of = (here: Record<number, Gain>): Gains => ({ here, known: {} });
const joined = (participant: Participant): RelayMessage => ({ type: 'joined', participant });
const left = (id: number): RelayMessage => ({ type: 'left', id });
const named = (id: number, name: string): RelayMessage => ({ type: 'identity', id, name, colour: 0 });
const welcome = (resumed: boolean) => ({ type: 'welcome', resumed }) as Welcome;

test('who is as they are is not spoken of', () => {
  expect(toSay([ada, grace], AS_THEY_ARE, new Map())).toEqual([]);
});

test('a gain is said once, and 0 takes it back', () => {
  const said = new Map<number, Gain>();
  expect(toSay([ada, grace], of({ 1: -6 }), said)).toEqual([{ kind: 'gain', participant: 1, db: -6 }]);
  expect(toSay([ada, grace], of({ 1: -6 }), said)).toEqual([]);
  expect(toSay([ada, grace], of({ 1: null }), said)).toEqual([{ kind: 'gain', participant: 1, db: null }]);
  expect(toSay([ada, grace], of({ 1: 0 }), said)).toEqual([{ kind: 'gain', participant: 1, db: 0 }]);
});

test('on another socket what was taken back is said too: the relay may remember more', () => {
  expect(toSay([ada, grace], of({ 1: 0 }), new Map())).toEqual([{ kind: 'gain', participant: 1, db: 0 }]);
});

test('who comes back under another id is heard as before', () => {
  const said = new Map<number, Gain>();
  let gains = chosen(AS_THEY_ARE, [ada], 1, 3);
  toSay([ada], gains, said);
  gains = follow(gains, left(1), []);
  expect(toSay([], gains, said)).toEqual([]);
  const back = person(7, 'Ada');
  gains = follow(gains, joined(back), [back]);
  expect(toSay([back], gains, said)).toEqual([{ kind: 'gain', participant: 7, db: 3 }]);
});

test('of two of one name only the one that was muted is', () => {
  let gains = chosen(AS_THEY_ARE, [alex, other], 3, null);
  expect([gainOf(gains, 3), gainOf(gains, 4)]).toEqual([null, 0]);
  // Nobody can tell which of them comes back.
  gains = follow(gains, left(3), [other]);
  const back = person(5, 'Alex');
  gains = follow(gains, joined(back), [other, back]);
  expect([gainOf(gains, 4), gainOf(gains, 5)]).toEqual([0, 0]);
});

test('who comes with the name of somebody who is muted is not, nor after that one has left', () => {
  let gains = chosen(AS_THEY_ARE, [alex], 3, null);
  gains = follow(gains, joined(other), [alex, other]);
  gains = follow(gains, left(3), [other]);
  gains = follow(gains, welcome(true), [other]);
  expect(gainOf(gains, 4)).toBe(0);
});

test('who takes the name of somebody who was muted is not', () => {
  let gains = chosen(AS_THEY_ARE, [alex], 3, null);
  gains = follow(gains, left(3), [ada]);
  gains = follow(gains, named(1, 'Alex'), [person(1, 'Alex')]);
  gains = follow(gains, welcome(true), [person(1, 'Alex')]);
  expect(gainOf(gains, 1)).toBe(0);
});

test('in another seat, where ids may be those of others, one goes by the names', () => {
  const gains = chosen(AS_THEY_ARE, [ada, grace], 1, -6);
  const others = [person(1, 'Grace'), person(2, 'Ada')];
  const then = follow(gains, welcome(false), others);
  expect([gainOf(then, 1), gainOf(then, 2)]).toEqual([0, -6]);
});

test('a name that is a word of the language is a name', () => {
  const others = [person(3, '__proto__'), person(4, 'constructor')];
  expect(toSay(others, follow(AS_THEY_ARE, welcome(false), others), new Map())).toEqual([]);
});

test('who is called otherwise is as loud as before, and when they come back', () => {
  const said = new Map<number, Gain>();
  let gains = chosen(AS_THEY_ARE, [ada], 1, null);
  toSay([ada], gains, said);
  gains = follow(gains, named(1, 'Ada L.'), [person(1, 'Ada L.')]);
  expect(toSay([person(1, 'Ada L.')], gains, said)).toEqual([]);
  const back = person(8, 'Ada L.');
  expect(gainOf(follow(gains, joined(back), [back]), 8)).toBeNull();
});
