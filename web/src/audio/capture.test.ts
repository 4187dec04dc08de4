// Proves, without a track processor: a context that never begins leaves no live microphone behind, only one that stands
// still for good calls for a fresh one, and of a microphone that the system holds back one is told.

import { beforeEach, expect, test, vi } from 'vitest';
import { CaptureError, startCapture } from './capture.ts';

const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, deviceId: '' };

class Track extends EventTarget {
  muted = false;
  readyState = 'live';
  onmute = () => {};
  onunmute = () => {};
  getSettings = () => ({});
  stop(): void {
    this.readyState = 'ended';
  }
}

class Context extends EventTarget {
  static made: Context[] = [];
  static begins = true;
  state = 'suspended';
  sampleRate = 48_000;
  audioWorklet = { addModule: () => Promise.resolve() };
  createMediaStreamSource = () => ({ connect: (to: unknown) => to });

  constructor() {
    super();
    Context.made.push(this);
  }

  resume(): Promise<void> {
    if (!Context.begins) return new Promise(() => {});
    this.state = 'running';
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.state = 'closed';
    return Promise.resolve();
  }
}

let track: Track;

beforeEach(() => {
  vi.useFakeTimers();
  track = new Track();
  Context.made = [];
  Context.begins = true;
  const stream = { getAudioTracks: () => [track] };
  const node = { port: { postMessage: () => {} }, connect: (to: unknown) => to };
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: async () => stream } });
  vi.stubGlobal('MediaStream', class {});
  vi.stubGlobal('AudioContext', Context);
  vi.stubGlobal('AudioWorkletNode', function AudioWorkletNode() {
    return node;
  });
  return () => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  };
});

test('a context that never begins is given up, once, and the microphone with it', async () => {
  Context.begins = false;
  const failed = startCapture(PROCESSING, () => {}).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(track.readyState).toBe('live');
  await vi.advanceTimersByTimeAsync(1);
  expect(await failed).toBeInstanceOf(CaptureError);
  expect(track.readyState).toBe('ended');
  expect(Context.made.map(({ state }) => state)).toEqual(['closed']);
});

test.each([
  ['running', false],
  ['interrupted', false],
  ['suspended', true],
  ['closed', true],
])('a microphone whose context is %s wants a fresh one: %s', async (state, wanted) => {
  const capture = await startCapture(PROCESSING, () => {});
  Context.made[0]!.state = state;
  expect(capture.interrupted).toBe(wanted);
});

async function interruptions(): Promise<boolean[]> {
  const capture = await startCapture(PROCESSING, () => {});
  const told: boolean[] = [];
  capture.oninterrupted = (interrupted) => told.push(interrupted);
  return told;
}

test('what the system holds back is told of, and when it lets it go', async () => {
  const told = await interruptions();
  track.onmute();
  await vi.advanceTimersByTimeAsync(300);
  expect(told).toEqual([true]);
  track.onunmute();
  expect(told).toEqual([true, false]);
});

test('of a moment nobody is told', async () => {
  const told = await interruptions();
  track.onmute();
  await vi.advanceTimersByTimeAsync(299);
  track.onunmute();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);
});

test('one that comes silenced is told of, however late it is asked', async () => {
  track.muted = true;
  const told = await interruptions();
  await vi.advanceTimersByTimeAsync(300);
  expect(told).toEqual([true]);
  track.muted = true;
  const capture = await startCapture(PROCESSING, () => {});
  await vi.advanceTimersByTimeAsync(1_000);
  const late = vi.fn();
  capture.oninterrupted = late;
  expect(late).toHaveBeenCalledExactlyOnceWith(true);
});

test.each([
  [true, 'withheld'],
  [false, 'insecure'],
])('without media devices, on a page whose context is secure: %s, the failure is: %s', async (secure, failure) => {
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('isSecureContext', secure);
  await expect(startCapture(PROCESSING, () => {})).rejects.toMatchObject({ failure });
});
