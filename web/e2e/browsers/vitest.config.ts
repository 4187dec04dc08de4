import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['e2e/browsers/*.test.ts'],
    globalSetup: 'e2e/support/machine.setup.ts',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 240_000,
    reporters: ['verbose'],
  },
});
