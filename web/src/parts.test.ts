// Proves: a part that does not come is told from one that is wrong.

import { afterEach, expect, test, vi } from 'vitest';
import { addModule, fetchPart, PartMissing, watchStart } from './parts.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const URL = '/assets/part';
const context = (addModule: () => Promise<void>) => ({ audioWorklet: { addModule } as unknown as AudioWorklet });

test('a file that comes is given', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(new Uint8Array([1, 2]))));
  expect(new Uint8Array(await fetchPart(URL))).toEqual(new Uint8Array([1, 2]));
});

test.each<[string, () => Promise<Response>]>([
  ['there is nobody to ask', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['the relay has other files now', () => Promise.resolve(new Response('', { status: 404 }))],
])('a file is missing where %s', async (_, answer) => {
  vi.stubGlobal('fetch', answer);
  await expect(fetchPart(URL)).rejects.toBeInstanceOf(PartMissing);
});

test('a worklet’s script that does not come is missing', async () => {
  const refused = () => Promise.reject(new DOMException('Unable to load a worklet’s module.', 'AbortError'));
  await expect(addModule(context(refused), URL)).rejects.toBeInstanceOf(PartMissing);
});

test('a worklet’s script that this browser does not understand is not', async () => {
  const refused = () => Promise.reject(new SyntaxError('Unexpected token'));
  await expect(addModule(context(refused), URL)).rejects.toBeInstanceOf(SyntaxError);
});

test.each<[string, Event[], boolean[]]>([
  ['does not come', [new Event('error')], [true]],
  ['came and is wrong', [Object.assign(new Event('error'), { message: 'SyntaxError' })], [false]],
  ['has begun', [new Event('message'), Object.assign(new Event('error'), { message: 'a fault' })], []],
])('a worker whose script %s', (_, events, told) => {
  const worker = new EventTarget();
  const failed: boolean[] = [];
  watchStart(worker as Worker, (missing) => failed.push(missing));
  for (const event of events) worker.dispatchEvent(event);
  expect(failed).toEqual(told);
});
