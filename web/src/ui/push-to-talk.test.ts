// Proves: holding talks, two taps latch, one more ends it, and nothing is left open by a finger that is gone.

import { expect, test } from 'vitest';
import { CLOSED, type PushEvent, step } from './push-to-talk.ts';

const after = (...events: [PushEvent, number][]) =>
  events.reduce((state, [event, at]) => step(state, event, at), CLOSED);

test.each<[string, [PushEvent, number][], boolean]>([
  ['at rest it is closed', [], false],
  ['held, it is open', [['press', 0]], true],
  [
    'let go, it is closed',
    [
      ['press', 0],
      ['release', 1000],
    ],
    false,
  ],
  [
    'a key that repeats is one press',
    [
      ['press', 0],
      ['press', 500],
      ['press', 530],
    ],
    true,
  ],
  [
    'two taps latch',
    [
      ['press', 0],
      ['release', 100],
      ['press', 300],
      ['release', 380],
    ],
    true,
  ],
  [
    'two taps that are far apart do not',
    [
      ['press', 0],
      ['release', 100],
      ['press', 600],
      ['release', 680],
    ],
    false,
  ],
  [
    'a hold and a tap do not',
    [
      ['press', 0],
      ['release', 900],
      ['press', 1000],
      ['release', 1080],
    ],
    false,
  ],
  [
    'the second tap may be held for long',
    [
      ['press', 0],
      ['release', 100],
      ['press', 200],
      ['release', 3000],
    ],
    true,
  ],
  [
    'a tap ends what is latched',
    [
      ['press', 0],
      ['release', 90],
      ['press', 200],
      ['release', 290],
      ['press', 5000],
    ],
    false,
  ],
  [
    'the tap that ended it does not begin another double tap',
    [
      ['press', 0],
      ['release', 90],
      ['press', 200],
      ['release', 290],
      ['press', 900],
      ['release', 980],
      ['press', 1100],
      ['release', 1150],
    ],
    false,
  ],
  [
    'a finger that is lost lets go',
    [
      ['press', 0],
      ['lose', 100],
    ],
    false,
  ],
  [
    'what is latched outlives a lost finger',
    [
      ['press', 0],
      ['release', 90],
      ['press', 200],
      ['lose', 250],
    ],
    true,
  ],
  ['toggled, it is open', [['toggle', 0]], true],
  [
    'what was toggled outlives a key that is lost',
    [
      ['toggle', 0],
      ['lose', 100],
    ],
    true,
  ],
  [
    'toggled once more, it is closed',
    [
      ['toggle', 0],
      ['toggle', 5000],
    ],
    false,
  ],
  [
    'a toggle ends what two taps latched',
    [
      ['press', 0],
      ['release', 90],
      ['press', 200],
      ['release', 290],
      ['toggle', 5000],
    ],
    false,
  ],
  [
    'a tap ends what was toggled',
    [
      ['toggle', 0],
      ['press', 5000],
      ['release', 5080],
    ],
    false,
  ],
  ['a release without a press is nothing', [['release', 0]], false],
])('%s', (_, events, open) => {
  expect(after(...events).open).toBe(open);
});
