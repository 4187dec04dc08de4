import process from 'node:process';
import { defineConfig } from 'vitest/config';

// What compares sound with sound, or delay with delay, needs a machine that keeps real time: SOUND=1, on one with nothing
// else to do.
const REAL_TIME = ['e2e/sound.test.ts', 'e2e/echo.test.ts', 'e2e/hardship.test.ts'];
const sound = process.env.SOUND === '1' ? [] : REAL_TIME;

// One file at a time: each starts a relay, a Chromium and native programs of its own, and measures sound.
export default defineConfig({
  test: {
    include: ['e2e/*.test.ts'],
    exclude: sound,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
