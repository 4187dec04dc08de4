// Proves: a page is told from another one by the scripts and styles it names, extensions of the browser change nothing, and a relay
// that does not say has no other one.

import { beforeEach, expect, test, vi } from 'vitest';
import { pageWasUpdated } from './update.ts';

const page = (hash: string, style = 'Ef56') =>
  `<script type="module" src="/assets/index-${hash}.js"></script><link href="/assets/index-${style}.css">`;

beforeEach(() => {
  const named = (name: string | null) => ({ getAttribute: () => name });
  const injected = ['chrome-extension://abcdef/injected.js', 'https://tools.example/assets/tool.js', '/tool.js'];
  vi.stubGlobal('document', {
    scripts: ['/assets/index-Ab12.js', null, ...injected].map(named),
    querySelectorAll: () => ['/assets/index-Ef56.css', 'https://tools.example/tool.css'].map(named),
  });
  return () => vi.unstubAllGlobals();
});

test.each<[string, () => Promise<Response>, boolean]>([
  ['the same page', () => Promise.resolve(new Response(page('Ab12'))), false],
  ['another page', () => Promise.resolve(new Response(page('Cd34'))), true],
  ['a page whose name goes on', () => Promise.resolve(new Response(page('Ab12.js-5'))), true],
  ['another style', () => Promise.resolve(new Response(page('Ab12', 'Gh78'))), true],
  ['the page of a portal', () => Promise.resolve(new Response('<form>Room number</form>')), false],
  ['a refusal', () => Promise.resolve(new Response('{}', { status: 503 })), false],
  ['no answer', () => Promise.reject(new TypeError('Failed to fetch')), false],
])('%s', async (_, answer, updated) => {
  vi.stubGlobal('fetch', answer);
  expect(await pageWasUpdated()).toBe(updated);
});
