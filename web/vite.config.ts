import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { opusAsset } from './build/opus-asset.ts';
import { weighed } from './build/page-weight.ts';

const generated = fileURLToPath(
  new URL('./node_modules/libopus-wasm/dist/generated/libopus.generated.mjs', import.meta.url),
);

// `npm run dev` and `npm run preview` serve the page themselves; the socket goes to a relay started with --plain --open.
const relay = process.env.RELAY_URL ?? 'http://127.0.0.1:8480';
// The relay takes requests from its own origin only.
const api = { target: relay, changeOrigin: true, headers: { origin: relay } };
const proxy = { '/api': api, '/healthz': api, '/ws': { ...api, ws: true, rewriteWsOrigin: true } };

/** A page with codec and plot, gzipped. */
const PAGE_BYTES = 300_000;

export default defineConfig({
  server: { proxy },
  preview: { proxy },
  plugins: [opusAsset(generated), weighed('index.html', PAGE_BYTES)],
  worker: {
    format: 'es',
    plugins: () => [opusAsset(generated)],
    rolldownOptions: { external: ['node:module'] },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: { input: ['index.html', 'host.html', 'check.html'] },
  },
  test: { include: ['src/**/*.test.ts', 'build/*.test.ts'] },
});
