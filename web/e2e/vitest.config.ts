import { defineConfig } from 'vitest/config';

// One file at a time: each starts a relay, a Chromium and native programs of its own, and measures sound.
export default defineConfig({
  test: {
    include: ['e2e/*.test.ts'],
    // It asks for more than the page holds every time: see the README. `make test-browsers` runs it.
    exclude: process.env.HARDSHIP === '1' ? [] : ['e2e/hardship.test.ts'],
    globalSetup: 'e2e/support/machine.setup.ts',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
