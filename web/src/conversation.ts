// One conversation: microphone, network worker and speaker wired together, and what happens put on the screen.

import opusUrl from 'virtual:opus-wasm-url';
import { batch } from '@preact/signals';
import { type Capture, CaptureError, startCapture } from './audio/capture.ts';
import { DelayMeter } from './audio/delay.ts';
import { CodecError, type Playout, type PlayoutReport, startPlayout } from './audio/playout.ts';
import type { FromWorker, Link, ToWorker } from './net/messages.ts';
import NetWorker from './net/worker.ts?worker';
import { apply, EMPTY_ROOM } from './ui/room-state.ts';
import * as store from './ui/store.ts';

let current: Conversation | null = null;

/** Joins from a click: the audio context has to be made inside it. */
export function join(mode: 'talk' | 'listen'): void {
  if (current !== null || store.room === null) return;
  if (!window.isSecureContext || typeof AudioWorkletNode === 'undefined') {
    fail({ kind: window.isSecureContext ? 'unsupported' : 'insecure' });
    return;
  }
  store.remember('name', store.name.value.trim());
  store.screen.value = { at: 'entering' };
  current = new Conversation(store.room, store.name.value.trim());
  void current.enter(mode);
}

export function leave(): void {
  current?.close();
  current = null;
  store.screen.value = { at: 'join' };
}

export const setMuted = (muted: boolean): void => current?.setMuted(muted);
export const sendChat = (text: string): void => current?.say({ type: 'chat', text });
export const resumeSound = (): void => void current?.resume();
export const turnOnMicrophone = (): void => void current?.turnOnMicrophone();

function fail(failure: store.Failure): void {
  current?.close();
  current = null;
  store.screen.value = { at: 'failed', failure };
}

class Conversation {
  readonly #context: AudioContext;
  readonly #worker = new NetWorker();
  readonly #delay = new DelayMeter();
  readonly #url: string;
  #capture: Capture | null = null;
  #playout: Playout | null = null;
  #wakeLock: WakeLockSentinel | null = null;
  #closed = false;

  constructor(room: string, name: string) {
    const query = new URLSearchParams({ room, name });
    this.#url = `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/ws?${query}`;
    this.#context = new AudioContext({ latencyHint: 0 });
    this.#context.onstatechange = () => {
      store.soundPaused.value = !this.#closed && this.#context.state !== 'running';
    };
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    document.addEventListener('visibilitychange', this.#visibility);
    window.addEventListener('online', this.#online);
    batch(() => {
      store.roomState.value = EMPTY_ROOM;
      store.link.value = { state: 'connecting' };
      store.muted.value = false;
      store.ownTalking.value = false;
      store.delayMs.value = null;
      store.playout.value = null;
      store.notices.value = [];
    });
  }

  async enter(mode: 'talk' | 'listen'): Promise<void> {
    void this.resume();
    const opus = loadCodec();
    opus.catch(() => {}); // Looked at below; until then a refused microphone may come first.
    if (mode === 'talk' && !(await this.#openMicrophone())) return;
    store.microphone.value = this.#capture === null ? 'off' : 'on';
    try {
      const binary = await opus;
      this.#playout = await startPlayout(this.#context, binary, (report) => this.#report(report));
      if (this.#closed) {
        this.#playout.stop();
        return;
      }
      this.#playout.setVolume(store.volume.value);
      const playout = this.#playout.port;
      this.#tell({ kind: 'start', url: this.#url, opus: binary, playout, muted: this.#capture === null }, [playout]);
      this.#attachCapture();
      store.screen.value = { at: 'room' };
      void this.#keepAwake();
    } catch (error) {
      if (!this.#closed) fail({ kind: error instanceof CodecError ? 'codec' : 'unsupported' });
    }
  }

  async turnOnMicrophone(): Promise<void> {
    store.microphone.value = 'starting';
    if (await this.#openMicrophone()) {
      this.#attachCapture();
      store.microphone.value = 'on';
      this.setMuted(false);
    }
  }

  setMuted(muted: boolean): void {
    store.muted.value = muted;
    if (muted) store.ownTalking.value = false;
    this.#tell({ kind: 'mute', muted });
  }

  say(message: Extract<ToWorker, { kind: 'say' }>['message']): void {
    this.#tell({ kind: 'say', message });
  }

  async resume(): Promise<void> {
    const session = (navigator as { audioSession?: { type: string } }).audioSession;
    if (session !== undefined) session.type = 'play-and-record';
    await this.#context.resume();
  }

  close(): void {
    this.#closed = true;
    document.removeEventListener('visibilitychange', this.#visibility);
    window.removeEventListener('online', this.#online);
    this.#tell({ kind: 'stop' });
    this.#capture?.stop();
    if (this.#playout !== null) this.#playout.stop();
    else void this.#context.close();
    void this.#wakeLock?.release();
    store.soundPaused.value = false;
  }

  /** False where there is no microphone; the screen then says why. */
  async #openMicrophone(): Promise<boolean> {
    try {
      const capture = await startCapture(store.processing.value, () => void this.#microphoneGone());
      if (this.#closed) {
        capture.stop();
        return false;
      }
      this.#capture?.stop();
      this.#capture = capture;
      return true;
    } catch (error) {
      if (this.#closed) return false;
      const failure = error instanceof CaptureError ? error.failure : 'broken';
      if (store.screen.value.at === 'room') {
        store.microphone.value = 'off';
        store.showNotice('warning', 'No microphone', MICROPHONE_GONE[failure]);
      } else {
        fail({ kind: 'microphone', failure });
      }
      return false;
    }
  }

  #attachCapture(): void {
    if (this.#capture === null) return;
    const { feed, latencyUs } = this.#capture;
    this.#tell({ kind: 'capture', feed, latencyUs }, [feed.via === 'track' ? feed.stream : feed.port]);
    this.#capture.onlatency = (latencyUs) => this.#tell({ kind: 'capture_latency', latencyUs });
  }

  /** Unplugged, or taken away by a call: ask for a fresh one once, and go on listening without. */
  async #microphoneGone(): Promise<void> {
    const wasMuted = store.muted.value;
    this.#capture?.stop();
    this.#capture = null;
    await this.turnOnMicrophone();
    if (this.#capture === null) this.#tell({ kind: 'mute', muted: true });
    else if (wasMuted) this.setMuted(true);
  }

  #hear(data: FromWorker): void {
    switch (data.kind) {
      case 'link':
        this.#linkChanged(data.link);
        break;
      case 'message':
        store.roomState.value = apply(store.roomState.value, data.message);
        if (data.message.type === 'notification') {
          store.showNotice(data.message.severity, data.message.title, data.message.text);
        } else if (data.message.type === 'error') {
          store.showNotice('warning', 'The relay refused that', data.message.message);
        }
        break;
      case 'clock':
        this.#delay.learnClock(data.offsetUs);
        break;
      case 'uplink':
        store.ownLevel.value = data.level;
        store.uplink.value = { lagMs: Math.round(data.lagMs), withheld: data.withheld };
        store.ownTalking.value = data.talking && !store.muted.value;
        break;
      case 'codec_failed':
        fail({ kind: 'codec' });
        break;
    }
  }

  #linkChanged(link: Link): void {
    store.link.value = link;
    if (link.state === 'ended') fail({ kind: 'ended', reason: link.reason });
    if (link.state !== 'lost') return;
    this.#delay.reset();
    store.delayMs.value = null;
    store.roomState.value = {
      ...store.roomState.value,
      participants: store.roomState.value.participants.map((p) => ({ ...p, talking: false })),
    };
  }

  #report(report: PlayoutReport): void {
    store.playout.value = report.stats;
    const context = this.#context;
    const latency = context.outputLatency || context.baseLatency || 0;
    const aheadSeconds = report.frame / context.sampleRate - context.currentTime + latency;
    const nowUs = (performance.timeOrigin + performance.now()) * 1000;
    const delay = this.#delay.heard(report.captureUs, nowUs + aheadSeconds * 1e6);
    store.delayMs.value = delay === null ? null : Math.round(delay);
  }

  async #keepAwake(): Promise<void> {
    try {
      this.#wakeLock = (await navigator.wakeLock?.request('screen')) ?? null;
    } catch {
      // A phone that saves power may refuse; the room goes on until the screen locks.
    }
  }

  #visibility = (): void => {
    this.#tell({ kind: 'hidden', hidden: document.hidden });
    if (document.hidden) return;
    void this.#keepAwake();
    if (this.#context.state !== 'running') void this.resume();
  };

  #online = (): void => this.#tell({ kind: 'retry' });

  #tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

const MICROPHONE_GONE: Record<CaptureError['failure'], string> = {
  refused: 'The browser does not let this page use it. You can go on listening.',
  missing: 'None was found. You can go on listening.',
  busy: 'Another program is using it. You can go on listening.',
  insecure: 'This page was not opened over https. You can go on listening.',
  broken: 'It did not start. You can go on listening.',
};

/** The codec's binary, one file for worker and worklet; null where their code still carries it (development). */
async function loadCodec(): Promise<ArrayBuffer | null> {
  if (opusUrl === null) return null;
  const response = await fetch(opusUrl);
  if (!response.ok) throw new CodecError();
  return response.arrayBuffer();
}
