import { defineConfig } from 'vitest/config';

// One file at a time: each starts a relay, a Chromium and native programs of its own, and measures sound.
export default defineConfig({
  test: {
    include: ['e2e/*.test.ts'],
    globalSetup: 'e2e/support/machine.setup.ts',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
