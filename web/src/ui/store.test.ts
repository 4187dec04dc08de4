// Proves: one's own tile talks only where one is heard, and no notice drives out a more severe one.

import { beforeEach, expect, test, vi } from 'vitest';

vi.stubGlobal('location', { pathname: '/r/room' });
const store = await import('./store.ts');

beforeEach(() => store.begin(null));

test('speech is not shown as heard while the link is lost, however long the worker still hears it', () => {
  store.link.value = { state: 'open' };
  store.ownSpeech.value = true;
  expect(store.ownTalking.value).toBe(true);
  store.link.value = { state: 'lost', attempt: 0, retryMs: 250 };
  expect(store.ownTalking.value).toBe(false);
  store.ownSpeech.value = true;
  expect(store.ownTalking.value).toBe(false);
});

test('nor while one is muted, by oneself or by a host', () => {
  store.link.value = { state: 'open' };
  store.ownSpeech.value = true;
  store.hostMuted();
  expect(store.ownTalking.value).toBe(false);
  store.setMuted(false);
  expect(store.ownTalking.value).toBe(true);
});

const titles = () => store.notices.value.map(({ title }) => title);

test('five lesser notices drive out no critical one', () => {
  store.showNotice('critical', 'fire');
  for (const n of [1, 2, 3, 4, 5]) store.showNotice('info', `${n}`);
  expect(titles()).toEqual(['fire', '2', '3', '4', '5']);
  store.showNotice('warning', 'smoke');
  expect(titles()).toEqual(['fire', '3', '4', '5', 'smoke']);
});

test('of equals the oldest goes', () => {
  for (const n of [1, 2, 3, 4, 5, 6]) store.showNotice('critical', `${n}`);
  expect(titles()).toEqual(['2', '3', '4', '5', '6']);
});
