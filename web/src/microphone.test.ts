// Proves: a microphone that went away or was to be another is asked for again until it comes, or a person is told and one
// listens; one that still listens is kept; and nobody is asked again for what they refused.

import { beforeEach, expect, test, vi } from 'vitest';
import { CaptureError, type CaptureFailure } from './audio/capture.ts';

const captures = vi.hoisted(() => ({ start: vi.fn() }));
vi.mock('./audio/capture.ts', async (original) => ({ ...(await original<object>()), startCapture: captures.start }));
vi.stubGlobal('location', { pathname: '/r/room' });

const { inputs, lookForDevices } = await import('./devices.ts');
const { Microphone } = await import('./microphone.ts');
const settings = await import('./ui/settings.ts');
const store = await import('./ui/store.ts');
const { t } = await import('./ui/words.ts');

interface Made {
  interrupted: boolean;
  stopped: boolean;
  ended: () => void;
  oninterrupted: (interrupted: boolean) => void;
}

let made: Made[];
/** Why there is none now; null: there is one. */
let without: CaptureFailure | null;
let asked: number;
let told: number;
let there: string[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { hidden: false });
  [made, without, asked, told, there] = [[], null, 0, 0, ['built-in', 'headset']];
  const enumerateDevices = async () => there.map((deviceId) => ({ deviceId, kind: 'audioinput' }));
  vi.stubGlobal('navigator', { mediaDevices: { enumerateDevices } });
  inputs.value = [];
  store.begin(null);
  captures.start.mockImplementation(async (_: unknown, ended: () => void) => {
    asked += 1;
    if (without !== null) throw new CaptureError(without, null);
    const own: Made = { interrupted: false, stopped: false, ended, oninterrupted: () => {} };
    made.push(own);
    return {
      feed: { via: 'worklet', port: {} },
      latencyUs: 0,
      echoCancelled: true,
      get interrupted() {
        return own.interrupted;
      },
      set oninterrupted(tell: (interrupted: boolean) => void) {
        own.oninterrupted = tell;
      },
      stop: () => {
        own.stopped = true;
      },
    };
  });
  return () => vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const notices = () => store.notices.value.map(({ title, text }) => `${title}: ${text}`);
/** These are there from now on. */
async function plugged(...ids: string[]): Promise<void> {
  there = ids;
  await lookForDevices();
  await settle();
}

/** In use, as after joining. */
async function inUse() {
  const microphone = new Microphone(({ kind }) => {
    if (kind === 'capture') told += 1;
  });
  expect(await microphone.open()).toBeNull();
  store.microphone.value = 'on';
  microphone.attach();
  microphone.follow();
  await settle();
  return microphone;
}

/** What a call does, or who pulls the plug. */
function takeAway(failure: CaptureFailure): void {
  without = failure;
  made[0]!.interrupted = true;
  made[0]!.ended();
}

test('one that is gone is asked for again after a second, and nobody need be told', async () => {
  const microphone = await inUse();
  takeAway('busy');
  await settle();
  expect(store.microphone.value).toBe('starting');
  expect(made[0]!.stopped).toBe(true);
  without = null;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(store.microphone.value).toBe('on');
  expect([asked, told]).toEqual([3, 2]);
  expect(notices()).toEqual([]);
  microphone.close();
});

test('one that stays away is told of once, and is there again when a device comes', async () => {
  const microphone = await inUse();
  takeAway('missing');
  await plugged();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(store.microphone.value).toBe('off');
  expect(notices()).toEqual([`${t('noMicrophone')}: ${t('goneMissing')} ${t('microphoneAgain')}`]);
  const before = asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(before);
  await plugged();
  expect(notices()).toHaveLength(1);
  without = null;
  // The same as before it was unplugged.
  await plugged('built-in', 'headset');
  expect(store.microphone.value).toBe('on');
  expect(asked).toBe(before + 2);
  microphone.close();
});

test('one that stays away is asked for again when the page is seen again', async () => {
  const microphone = await inUse();
  takeAway('busy');
  await vi.advanceTimersByTimeAsync(60_000);
  without = null;
  microphone.seen();
  await settle();
  expect(store.microphone.value).toBe('on');
  microphone.close();
});

test('one that still listens is kept where another does not come', async () => {
  const microphone = await inUse();
  without = 'busy';
  settings.set(settings.microphoneId, 'headset');
  await settle();
  expect([store.microphone.value, made[0]!.stopped]).toEqual(['on', false]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([store.microphone.value, made[0]!.stopped]).toEqual(['on', false]);
  expect(notices()).toEqual([`${t('microphoneStays')}: ${t('microphoneStaysText')} ${t('triedAgain')}`]);
  without = null;
  microphone.seen();
  await settle();
  expect(made.map(({ stopped }) => stopped)).toEqual([true, false]);
  microphone.close();
});

test('what was refused is not asked for again', async () => {
  const microphone = await inUse();
  takeAway('refused');
  await settle();
  expect(store.microphone.value).toBe('off');
  expect(notices()).toEqual([`${t('noMicrophone')}: ${t('goneRefused')}`]);
  const before = asked;
  microphone.seen();
  await plugged('built-in');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(before);
  microphone.close();
});

test('what a browser refuses to a page that is hidden, it is asked for when the page is seen', async () => {
  const microphone = await inUse();
  vi.stubGlobal('document', { hidden: true });
  takeAway('refused');
  await settle();
  vi.stubGlobal('document', { hidden: false });
  without = null;
  microphone.seen();
  await settle();
  expect(store.microphone.value).toBe('on');
  microphone.close();
});

test('one that goes away before it is in use is replaced once it is', async () => {
  const microphone = new Microphone(() => {});
  await microphone.open();
  made[0]!.ended();
  await settle();
  expect(asked).toBe(1);
  microphone.attach();
  await settle();
  expect(made.map(({ stopped }) => stopped)).toEqual([true, false]);
  microphone.close();
});

test('while a person is asked whether they allow it the page says so', async () => {
  const microphone = new Microphone(() => {});
  let allow = () => {};
  captures.start.mockImplementationOnce(
    () =>
      new Promise((_, reject) => {
        allow = () => reject(new CaptureError('refused', null));
      }),
  );
  const opened = microphone.open();
  await vi.advanceTimersByTimeAsync(999);
  expect(store.allowing.value).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(store.allowing.value).toBe(true);
  allow();
  await opened;
  expect(store.allowing.value).toBe(false);
  microphone.close();
});

test('after the end nothing is asked for any more', async () => {
  const microphone = await inUse();
  takeAway('busy');
  await settle();
  microphone.close();
  const before = asked;
  await plugged('built-in');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(before);
});

test('one that the system holds back is shown so and talks no more, until it or a fresh one is free', async () => {
  const microphone = await inUse();
  store.ownSpeech.value = true;
  store.link.value = { state: 'open' };
  expect(store.ownTalking.value).toBe(true);
  made[0]!.interrupted = true;
  made[0]!.oninterrupted(true);
  expect([store.interrupted.value, store.ownTalking.value]).toEqual([true, false]);
  made[0]!.oninterrupted(false);
  expect(store.interrupted.value).toBe(false);
  made[0]!.oninterrupted(true);
  microphone.seen();
  await settle();
  expect([made.length, store.interrupted.value]).toEqual([2, false]);
  microphone.close();
});
