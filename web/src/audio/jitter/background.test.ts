// Proves that the softest of the last second is the background.

import { expect, test } from 'vitest';

import { Background } from './background.ts';

/** A packet of that amplitude, whichever sound. */
const packet = (amplitude: number): Float32Array =>
  Float32Array.from({ length: 960 }, (_, i) => (i % 2 === 0 ? amplitude : -amplitude));

test('the softest of the last second is the background', () => {
  const background = new Background();
  const hear = (times: number, amplitude: number): void => {
    for (let i = 0; i < times; i++) background.hear(packet(amplitude), 0, 960);
  };
  hear(24, 0.01);
  expect(background.is(packet(0.01), 0, 960), 'too little is known').toBe(false);
  hear(20, 0.1);
  expect(background.is(packet(0.0103), 0, 960)).toBe(true);
  expect(background.is(packet(0.016), 0, 960), '4 dB louder').toBe(false);
  hear(50, 0.03);
  expect(background.is(packet(0.03), 0, 960), 'it has become louder there').toBe(true);
});
