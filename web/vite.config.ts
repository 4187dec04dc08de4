import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { opusAsset } from './build/opus-asset.ts';

const generated = fileURLToPath(
  new URL('./node_modules/libopus-wasm/dist/generated/libopus.generated.mjs', import.meta.url),
);

export default defineConfig({
  plugins: [opusAsset(generated)],
  worker: {
    format: 'es',
    plugins: () => [opusAsset(generated)],
    rolldownOptions: { external: ['node:module'] },
  },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: false },
  test: { include: ['src/**/*.test.ts'] },
});
