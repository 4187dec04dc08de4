// Proves: what cannot hold the button toggles it, whatever events come before its click; what can hold it does, and leaves
// nothing open behind.

import { expect, test } from 'vitest';
import { type PointerSign, PushPointer } from './push-pointer.ts';
import { CLOSED, step } from './push-to-talk.ts';

const MOUSE = {
  pointerId: 1,
  isPrimary: true,
  buttons: 0,
  detail: 0,
  width: 1,
  height: 1,
  pressure: 0,
  pointerType: 'mouse',
};

type Sign = Partial<PointerSign> & { type: string };

const gesture = (press: Partial<PointerSign>, click: Partial<PointerSign>, longMs: number) => (atMs: number) =>
  [
    { type: 'pointerdown', buttons: 1, ...press, timeStamp: atMs },
    { type: 'pointerup', ...press, pressure: 0, timeStamp: atMs + longMs },
    { type: 'click', ...click, timeStamp: atMs + longMs },
  ] as Sign[];

/** As recorded of Chromium 156 when AT-SPI is told to press. */
const accessibilityOfChromium = gesture({}, { buttons: 1, detail: 1 }, 1.2);
const assistive: [string, (atMs: number) => Sign[]][] = [
  ['a click alone', (atMs) => [{ type: 'click', pointerType: '', timeStamp: atMs }]],
  ['the accessibility of Chromium', accessibilityOfChromium],
  ['the same on a busy machine', gesture({}, { buttons: 1, detail: 1 }, 90)],
  ['a press before a click without detail', gesture({}, {}, 1)],
  ['a press before a click of no kind of pointer', gesture({ pointerType: '' }, { pointerType: '', detail: 1 }, 1)],
  [
    'a press without size or weight',
    gesture({ width: 0.333, height: 0.333, pointerType: 'touch' }, { detail: 1, pointerType: 'touch' }, 40),
  ],
];
const real: [string, (longMs: number) => (atMs: number) => Sign[]][] = [
  ['a mouse', (longMs) => gesture({ pressure: 0.5 }, { detail: 1 }, longMs)],
  ['a mouse of Safari, without pressure', (longMs) => gesture({}, { detail: 1 }, longMs)],
  [
    'a finger',
    (longMs) =>
      gesture(
        { width: 22, height: 22, pressure: 1, pointerType: 'touch' },
        { detail: 1, pointerType: 'touch' },
        longMs,
      ),
  ],
];

/** Plays them one after the other, and says after each gesture whether the microphone is open. */
function play(gestures: Sign[][]): boolean[] {
  const pointer = new PushPointer();
  let state = CLOSED;
  return gestures.map((signs) => {
    for (const sign of signs) {
      const event = { ...MOUSE, timeStamp: 0, ...sign };
      const what = pointer.read(event, state.open);
      if (what !== null) state = step(state, what, event.timeStamp);
    }
    return state.open;
  });
}

test.each(assistive)('%s opens, closes and opens again', (_, at) => {
  expect(play([at(1_000), at(5_000), at(9_000)])).toEqual([true, false, true]);
});

test.each(assistive)('%s does so however soon', (_, at) => {
  expect(play([at(1_000), at(1_200), at(1_400)])).toEqual([true, false, true]);
});

test.each(assistive)('%s closes what two taps latched', (_, at) => {
  const tap = gesture({ pressure: 0.5 }, { detail: 1 }, 80);
  expect(play([tap(1_000), tap(1_200), at(3_000)])).toEqual([false, true, false]);
});

test.each(assistive)('%s opens what a tap or a hold has left closed', (_, at) => {
  const [tap, hold] = [80, 900].map((longMs) => gesture({ pressure: 0.5 }, { detail: 1 }, longMs));
  expect(play([tap!(1_000), at(1_300)])).toEqual([false, true]);
  expect(play([hold!(1_000), at(2_300)])).toEqual([false, true]);
});

test.each(real)('%s holds, and its tap, double tap and tap after that do what they say', (_, of) => {
  const [tap, hold] = [of(80), of(900)];
  expect(play([[hold(1_000)[0]!]])).toEqual([true]);
  expect(play([hold(1_000), tap(3_000)])).toEqual([false, false]);
  expect(play([tap(1_000), tap(1_200), tap(5_000)])).toEqual([false, true, false]);
});

test.each(real)('a tap of %s closes what a screen reader opened', (_, of) => {
  expect(play([accessibilityOfChromium(1_000), of(80)(3_000)])).toEqual([true, false]);
});

test.each([
  ['without size or weight', gesture({ width: 0, height: 0 }, { detail: 1 }, 900)],
  ['of no kind of pointer', gesture({ pointerType: '' }, { pointerType: '', detail: 1 }, 900)],
])('a hold %s leaves nothing open behind', (_, at) => {
  expect(play([at(1_000), at(3_000)])).toEqual([false, false]);
});

test('a finger that is lost lets go, and a click later on is not its own', () => {
  const [down] = gesture({ pressure: 1, pointerType: 'touch' }, {}, 0)(1_000);
  const lost = { type: 'pointercancel', pointerType: 'touch', timeStamp: 1_050 };
  const click = { type: 'click', pointerType: '', timeStamp: 1_060 };
  expect(play([[down!], [lost], [click]])).toEqual([true, false, true]);
});

test('the Enter key toggles after a hold that slid off the button, and got no click', () => {
  const [down, up] = gesture({ pressure: 0.5 }, {}, 900)(1_000);
  const enter = { type: 'click', pointerType: '', timeStamp: 4_000 };
  expect(play([[down!], [up!], [enter]])).toEqual([true, false, true]);
});

const touch = (type: string, pointerId: number, atMs: number) => ({
  ...{ type, pointerId, isPrimary: pointerId === 1, timeStamp: atMs },
  ...{ pressure: 1, pointerType: 'touch' },
});

test.each(['pointerup', 'pointercancel'])(
  'a second finger that comes and goes does not end the talk of the first: %s',
  (end) => {
    const second = [touch('pointerdown', 2, 2_000), touch(end, 2, 2_500)];
    expect(play([[touch('pointerdown', 1, 1_000)], second, [touch('pointerup', 1, 4_000)]])).toEqual([
      true,
      true,
      false,
    ]);
  },
);

test('a second finger talks where the first one is elsewhere, and where nothing was said of its end', () => {
  expect(play([[touch('pointerdown', 2, 1_000)], [touch('pointerup', 2, 3_000)]])).toEqual([true, false]);
  const again = [touch('pointerup', 3, 2_000), touch('pointerdown', 1, 5_000), touch('pointerup', 1, 8_000)];
  expect(play([[touch('pointerdown', 1, 1_000)], again])).toEqual([true, false]);
});
