// Proves: a page is told from another one by the scripts it names, extensions of the browser change nothing, and a relay
// that does not say has no other one.

import { beforeEach, expect, test, vi } from 'vitest';
import { pageWasUpdated } from './update.ts';

const page = (hash: string) => `<script type="module" src="/assets/index-${hash}.js"></script>`;

beforeEach(() => {
  const script = (src: string | null) => ({ getAttribute: () => src });
  const injected = ['chrome-extension://abcdef/injected.js', 'https://tools.example/assets/tool.js', '/tool.js'];
  vi.stubGlobal('document', { scripts: ['/assets/index-Ab12.js', null, ...injected].map(script) });
  return () => vi.unstubAllGlobals();
});

test.each<[string, () => Promise<Response>, boolean]>([
  ['the same page', () => Promise.resolve(new Response(page('Ab12'))), false],
  ['another page', () => Promise.resolve(new Response(page('Cd34'))), true],
  ['a page whose name goes on', () => Promise.resolve(new Response(page('Ab12.js-5'))), true],
  ['a refusal', () => Promise.resolve(new Response('{}', { status: 503 })), false],
  ['no answer', () => Promise.reject(new TypeError('Failed to fetch')), false],
])('%s', async (_, answer, updated) => {
  vi.stubGlobal('fetch', answer);
  expect(await pageWasUpdated()).toBe(updated);
});
