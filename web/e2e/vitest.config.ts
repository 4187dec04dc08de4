import process from 'node:process';
import { defineConfig } from 'vitest/config';

// Echo cancellation, and what compares delay with delay, need a machine that keeps real time: SOUND=1, on one with nothing
// else to do.
const REAL_TIME = ['e2e/echo.test.ts', 'e2e/hardship.test.ts'];
const excluded = process.env.SOUND === '1' ? [] : REAL_TIME;

// One file at a time: each starts a relay, a Chromium and native programs of its own, and measures sound.
export default defineConfig({
  test: {
    include: ['e2e/*.test.ts'],
    exclude: excluded,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
