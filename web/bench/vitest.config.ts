import { defineConfig } from 'vitest/config';

// Not a test: vitest only runs the TypeScript. One case after the other, each with browsers of its own.
export default defineConfig({
  test: {
    include: ['bench/*.bench.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
