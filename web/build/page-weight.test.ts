// Proves: a page is weighed with all that it loads, now or later, gzipped, and with nothing else.

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { pageWeight } from './page-weight.ts';

/** Does not get smaller. */
const noise = (bytes: number) => new Uint8Array(randomBytes(bytes));

const files = new Map<string, string | Uint8Array>([
  ['index.html', '<script src="/assets/index-1a.js"></script>'],
  ['other.html', '<script src="/assets/other-2b.js"></script>'],
  ['assets/index-1a.js', 'import("./later-3c.js"); new Worker("/assets/worker-4d.js")'],
  ['assets/later-3c.js', 'import "./index-1a.js"'],
  ['assets/worker-4d.js', `fetch("/assets/codec-5e.wasm")${' '.repeat(100_000)}`],
  ['assets/codec-5e.wasm', noise(10_000)],
  ['assets/other-2b.js', 'fetch("/assets/other-6f.wasm")'],
  ['assets/other-6f.wasm', noise(20_000)],
]);

test('a page weighs what it loads itself and what that loads, once each', () => {
  const bytes = pageWeight(files, 'index.html');
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(11_000);
});

test('what another page loads is its own', () => {
  expect(pageWeight(files, 'other.html')).toBeGreaterThan(20_000);
});
