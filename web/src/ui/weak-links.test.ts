// Proves: a weak link is put down to whose it is, for a while after the last sign of it, and to nobody on a guess; and a
// device is slow for as long.

import { expect, test } from 'vitest';
import { GrowthSign, type Signs, WeakLinks } from './weak-links.ts';

const OWN = 1;
const calm: Signs = { ownId: OWN, withheld: 0, roundTripMs: 4, talkers: [7], verdict: 'good' };

test.each<[string, Partial<Signs>, number[]]>([
  ['nothing is wrong', {}, []],
  ['packets are not sent', { withheld: 1 }, [OWN]],
  ['the relay is far away', { roundTripMs: 120 }, [OWN]],
  ['the relay is nearly far away', { roundTripMs: 119 }, []],
  ['the delay is on the way of the only talker', { verdict: 'their_link' }, [7]],
  ['the delay is on the way of one of several', { verdict: 'their_link', talkers: [7, 8] }, []],
  ['the delay is on the way of who has stopped', { verdict: 'their_link', talkers: [] }, []],
  ['the delay is long for another reason', { verdict: 'poor' }, []],
  ['nothing is heard', { verdict: null }, []],
  ['both ways are bad', { withheld: 1, verdict: 'their_link' }, [OWN, 7]],
  ['one is not in the room yet', { ownId: null, withheld: 1 }, []],
])('%s', (_, changed, weak) => {
  expect(new WeakLinks().seen(0, { ...calm, ...changed })).toEqual(weak);
});

test('a link of one’s own is weak for five seconds after the last packet that was not sent', () => {
  const links = new WeakLinks();
  expect(links.seen(1_000, { ...calm, withheld: 3 })).toEqual([OWN]);
  expect(links.seen(2_000, { ...calm, withheld: 4 })).toEqual([OWN]);
  expect(links.seen(6_900, { ...calm, withheld: 4 })).toEqual([OWN]);
  expect(links.seen(7_000, { ...calm, withheld: 4 })).toEqual([]);
});

test('a new session, which counts from nothing, is no sign of trouble', () => {
  const links = new WeakLinks();
  links.seen(0, { ...calm, withheld: 9 });
  expect(links.seen(10_000, { ...calm, withheld: 0 })).toEqual([]);
  expect(links.seen(10_500, { ...calm, withheld: 1 })).toEqual([OWN]);
});

test('a count that has stood still for five seconds is no sign any more', () => {
  const sign = new GrowthSign();
  expect(sign.seen(0, 0)).toBe(false);
  expect(sign.seen(100, 1)).toBe(true);
  expect(sign.seen(5_099, 1)).toBe(true);
  expect(sign.seen(5_100, 1)).toBe(false);
  expect(sign.seen(5_200, 1, true)).toBe(true);
});
