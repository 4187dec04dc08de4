// Proves: sound that plays is told to be elsewhere when it is, and only then.

import { expect, test } from 'vitest';
import { movesSound } from './devices.ts';

const device = (deviceId: string, groupId = deviceId) => ({ deviceId, groupId });
const [BUILT_IN, HEADSET, SCREEN] = [device('built-in'), device('headset'), device('screen')];
/** As Chromium tells them: the preferred one first, under a name of its own. */
const prefers = (group: string, ...all: ReturnType<typeof device>[]) => [device('default', group), ...all];

test.each<[string, ReturnType<typeof device>[], ReturnType<typeof device>[], string, boolean]>([
  ['told for the first time', [], prefers('built-in', BUILT_IN), '', false],
  ['as before', prefers('built-in', BUILT_IN), prefers('built-in', BUILT_IN), '', false],
  ['another one preferred', prefers('built-in', BUILT_IN), prefers('headset', HEADSET, BUILT_IN), '', true],
  ['one more, not preferred', prefers('built-in', BUILT_IN), prefers('built-in', BUILT_IN, SCREEN), '', false],
  ['the preferred one gone', prefers('headset', HEADSET, BUILT_IN), prefers('built-in', BUILT_IN), '', true],
  ['one chosen, another preferred', prefers('built-in', SCREEN), prefers('headset', HEADSET, SCREEN), 'screen', false],
  ['the chosen one gone', prefers('built-in', BUILT_IN, SCREEN), prefers('built-in', BUILT_IN), 'screen', true],
  ['the chosen one back', prefers('built-in', BUILT_IN), prefers('built-in', BUILT_IN, SCREEN), 'screen', true],
  ['the preferred one not told, one more', [BUILT_IN], [BUILT_IN, HEADSET], '', true],
  ['the preferred one not told, as before', [BUILT_IN, HEADSET], [BUILT_IN, HEADSET], '', false],
  ['the preferred one not told, one chosen', [BUILT_IN], [BUILT_IN, HEADSET], 'built-in', false],
  ['no longer told', [BUILT_IN], [], '', false],
])('%s', (_, before, after, speakerId, moves) => {
  expect(movesSound(before, after, speakerId)).toBe(moves);
});
