// What a device needs to talk, looked at one by one: a secure page with all it needs, the socket, the microphone.

import { signal } from '@preact/signals';
import { CaptureError, type CaptureFailure } from '../audio/capture.ts';
import { SoundCheck } from '../audio/sound-check.ts';

export type PageState = 'looking' | 'good' | 'insecure' | 'old';
export type SocketState = 'looking' | 'good' | 'refused';
export type MicrophoneState = 'waiting' | 'asking' | 'listening' | 'good' | 'silent' | CaptureFailure;

export const page = signal<PageState>('looking');
export const socket = signal<SocketState>('looking');
/** Of the relay's help, plain HTTP; null where there is none, or not known yet. */
export const helpPort = signal<number | null>(null);
export const microphone = signal<MicrophoneState>('waiting');

/** The relay answers this one with a close that says so, and lets nobody in by it. */
const SUBPROTOCOL = 'lanline.check';
/** Longer than a handshake takes on a Wi-Fi on which one can talk. */
const SOCKET_MS = 10_000;
const CLOSED_WELL = 1000;

/** Louder than a room, softer than speech: −dBov. */
const VOICE_LEVEL = 45;
const SILENT_MS = 10_000;

export function lookAtPage(): void {
  const needed = [globalThis.AudioWorkletNode, globalThis.WebAssembly, globalThis.Worker];
  if (!globalThis.isSecureContext) page.value = 'insecure';
  else page.value = needed.every((each) => each !== undefined) ? 'good' : 'old';
}

/** A browser may take a page and still refuse its socket: iPhones do while the certificate is not trusted. */
export function lookAtSocket(): Promise<void> {
  socket.value = 'looking';
  return new Promise((resolve) => {
    const tried = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/check/socket`, SUBPROTOCOL);
    const timer = setTimeout(() => tried.close(), SOCKET_MS);
    tried.onclose = ({ code }) => {
      clearTimeout(timer);
      socket.value = code === CLOSED_WELL ? 'good' : 'refused';
      resolve();
    };
  });
}

/** Helps who gets the page, but no socket. */
export async function lookForHelp(): Promise<void> {
  try {
    const { help_port: port } = (await (await fetch('/healthz', { cache: 'no-store' })).json()) as {
      help_port: unknown;
    };
    helpPort.value = typeof port === 'number' ? port : null;
  } catch {
    // Then there is nobody to help either.
    helpPort.value = null;
  }
}

/** Asks for the microphone and listens until a voice is there, or for some seconds. */
export async function lookAtMicrophone(): Promise<void> {
  microphone.value = 'asking';
  const processing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, deviceId: '' };
  try {
    const { promise: heard, resolve: hear } = deferred<'good' | 'silent' | 'missing'>();
    const sound = await SoundCheck.start(
      processing,
      (level) => {
        if (level < VOICE_LEVEL) hear('good');
      },
      () => hear('missing'),
    );
    microphone.value = 'listening';
    const timer = setTimeout(() => hear('silent'), SILENT_MS);
    microphone.value = await heard;
    clearTimeout(timer);
    sound.stop();
  } catch (error) {
    microphone.value = error instanceof CaptureError ? error.failure : 'broken';
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
