// One conversation: microphone, network worker and speaker wired together, and what happens put on the screen.

import opusUrl from 'virtual:opus-wasm-url';
import { batch, effect } from '@preact/signals';
import { type Capture, CaptureError, startCapture } from './audio/capture.ts';
import { CodecError } from './audio/playout.ts';
import { claim } from './claim.ts';
import { DelayWatch } from './delay-watch.ts';
import { inputs, lookForDevices, watchDevices } from './devices.ts';
import type { FromWorker, Link, ToWorker } from './net/messages.ts';
import NetWorker from './net/worker.ts?worker';
import { Output, tellAudioSession } from './output.ts';
import { type Gain, toSay } from './ui/gains.ts';
import { CLOSED } from './ui/push-to-talk.ts';
import { EMPTY_ROOM } from './ui/room-state.ts';
import * as settings from './ui/settings.ts';
import * as store from './ui/store.ts';
import { t } from './ui/words.ts';

let current: Conversation | null = null;

/** A first socket that failed this often is a relay out of reach, not a moment of bad luck. */
const UNREACHABLE_ATTEMPTS = 4;

export type Mode = 'talk' | 'listen';

/** Joins from a click: the audio context has to be made inside it. `steal`: away from another tab. */
export function join(mode: Mode, steal = false): void {
  if (current !== null || store.room === null) return;
  if (!window.isSecureContext || typeof AudioWorkletNode === 'undefined') {
    fail({ kind: window.isSecureContext ? 'unsupported' : 'insecure' });
    return;
  }
  settings.set(settings.name, settings.name.value.trim());
  store.screen.value = { at: 'entering' };
  current = new Conversation(store.room, settings.name.value);
  void current.enter(mode, steal);
}

export function leave(): void {
  current?.close();
  current = null;
  store.screen.value = { at: 'join' };
}

export const sendChat = (text: string): void => current?.say({ type: 'chat', text });
export const resumeSound = (): void => void current?.resume();
export const turnOnMicrophone = (): void => void current?.turnOnMicrophone();
export const retryNow = (): void => current?.retryNow();

function fail(failure: store.Failure): void {
  current?.close();
  current = null;
  store.screen.value = { at: 'failed', failure };
}

class Conversation {
  readonly #room: string;
  readonly #worker = new NetWorker();
  readonly #delay = new DelayWatch();
  readonly #output = new Output(this.#delay);
  readonly #url: string;
  readonly #endings: (() => void)[] = [];
  #capture: Capture | null = null;
  #opening = 0;
  #wakeLock: WakeLockSentinel | null = null;
  /** Gains the relay was told on this socket. */
  readonly #said = new Map<number, Gain>();
  #welcomed = false;
  #closed = false;

  constructor(room: string, name: string) {
    const query = new URLSearchParams({ room, name });
    this.#room = room;
    this.#url = `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/ws?${query}`;
    this.#output.onport = (playout) => this.#tell({ kind: 'playout', playout }, [playout]);
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    document.addEventListener('visibilitychange', this.#visibility);
    window.addEventListener('online', this.retryNow);
    batch(() => {
      store.roomState.value = EMPTY_ROOM;
      store.link.value = { state: 'connecting' };
      store.microphone.value = 'off';
      store.echoCancelled.value = true;
      store.muted.value = false;
      store.deafened.value = false;
      store.push.value = CLOSED;
      store.ownTalking.value = false;
      store.playout.value = null;
      store.notices.value = [];
      store.missed.value = store.NONE_MISSED;
      store.chatFollowed.value = true;
    });
  }

  async enter(mode: Mode, steal: boolean): Promise<void> {
    tellAudioSession(mode === 'talk');
    void this.#output.resume();
    const opus = loadCodec();
    opus.catch(() => {}); // Looked at below; until then a refused microphone may come first.
    if (!(await this.#claim(steal))) return;
    if (mode === 'talk' && !(await this.#openMicrophone())) return;
    store.microphone.value = this.#capture === null ? 'off' : 'on';
    try {
      const binary = await opus;
      const playout = await this.#output.start(binary);
      if (this.#closed) return;
      const intent = store.intent.value;
      this.#tell({ kind: 'start', url: this.#url, opus: binary, playout, intent }, [playout]);
      this.#attachCapture();
      this.#follow();
      store.screen.value = { at: 'room' };
      if (!store.echoCancelled.value) store.showNotice('warning', t('echo'), t('echoMissing'));
      void this.#keepAwake();
    } catch (error) {
      if (!this.#closed) fail({ kind: error instanceof CodecError ? 'codec' : 'unsupported' });
    }
  }

  async turnOnMicrophone(): Promise<void> {
    store.microphone.value = 'starting';
    tellAudioSession(true);
    if (await this.#openMicrophone()) {
      this.#attachCapture();
      store.muted.value = false;
      store.microphone.value = 'on';
    }
  }

  say(message: Extract<ToWorker, { kind: 'say' }>['message']): void {
    this.#tell({ kind: 'say', message });
  }

  resume(): Promise<void> {
    return this.#output.resume();
  }

  retryNow = (): void => this.#tell({ kind: 'retry' });

  close(): void {
    this.#closed = true;
    document.removeEventListener('visibilitychange', this.#visibility);
    window.removeEventListener('online', this.retryNow);
    for (const end of this.#endings) end();
    this.#tell({ kind: 'stop' });
    this.#capture?.stop();
    this.#output.close();
    void this.#wakeLock?.release();
  }

  async #claim(steal: boolean): Promise<boolean> {
    const release = await claim(this.#room, steal, () => {
      if (!this.#closed) fail({ kind: 'elsewhere' });
    });
    if (release === null) fail({ kind: 'elsewhere' });
    else if (this.#closed) release();
    else this.#endings.push(release);
    return !this.#closed;
  }

  /** What is chosen on the screen is done at once. */
  #follow(): void {
    this.#endings.push(
      effect(() => this.#tell({ kind: 'intent', intent: store.intent.value })),
      effect(() => {
        for (const message of toSay(store.others.value, store.gains.value, this.#said)) this.say(message);
      }),
      onChange(settings.processing, () => void this.#renewMicrophone()),
      watchDevices(),
      onChange(
        () => (inputs.value.length === 0 ? undefined : inputs.value.map((device) => device.deviceId)),
        () => void this.#renewMicrophone(),
      ),
    );
  }

  /** False where there is no microphone; the screen then says why. */
  async #openMicrophone(): Promise<boolean> {
    this.#opening += 1;
    const opening = this.#opening;
    try {
      const capture = await startCapture(settings.processing(), () => void this.#renewMicrophone());
      if (this.#closed || opening !== this.#opening) {
        capture.stop();
        return false;
      }
      this.#capture?.stop();
      this.#capture = capture;
      store.echoCancelled.value = capture.echoCancelled;
      return true;
    } catch (error) {
      if (this.#closed || opening !== this.#opening) return false;
      const failure = error instanceof CaptureError ? error.failure : 'broken';
      if (store.screen.value.at === 'room') {
        this.#capture?.stop();
        this.#capture = null;
        store.microphone.value = 'off';
        store.showNotice('warning', t('noMicrophone'), t(MICROPHONE_GONE[failure]));
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
    void lookForDevices(); // Their names are told from now on.
    this.#capture.onlatency = (latencyUs) => this.#tell({ kind: 'capture_latency', latencyUs });
  }

  /** Unplugged, taken away by a call, or to be used otherwise: a fresh one takes its place, or one listens without. */
  async #renewMicrophone(): Promise<void> {
    if (store.microphone.value !== 'on' || this.#closed) return;
    if (await this.#openMicrophone()) this.#attachCapture();
  }

  #hear(data: FromWorker): void {
    switch (data.kind) {
      case 'link':
        this.#linkChanged(data.link);
        break;
      case 'message':
        store.take(data.message);
        if (data.message.type === 'notification') {
          store.showNotice(data.message.severity, data.message.title, data.message.text);
        } else if (data.message.type === 'error') {
          store.showNotice('warning', t('refusedMessage'), data.message.message);
        }
        break;
      case 'clock':
        this.#delay.learnClock(data.offsetUs, data.roundTripUs, data.lastUs);
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
    if (link.state === 'open') {
      this.#welcomed = true;
      this.#said.clear();
    }
    if (link.state === 'ended') fail({ kind: 'ended', reason: link.reason });
    if (link.state !== 'lost') return;
    if (!this.#welcomed && link.attempt >= UNREACHABLE_ATTEMPTS) {
      fail({ kind: 'unreachable' });
      return;
    }
    this.#delay.reset();
    store.roomState.value = {
      ...store.roomState.value,
      participants: store.roomState.value.participants.map((p) => ({ ...p, talking: false })),
    };
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
    if (!this.#output.running) void this.resume();
    if (this.#capture?.interrupted) void this.#renewMicrophone();
  };

  #tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

const MICROPHONE_GONE = {
  refused: 'goneRefused',
  missing: 'goneMissing',
  busy: 'goneBusy',
  insecure: 'goneInsecure',
  broken: 'goneBroken',
} as const;

/** Calls `act` when the value of `of` is another one, by its content; not for the first. Undefined is no value yet. */
function onChange(of: () => unknown, act: () => void): () => void {
  let before: string | undefined;
  return effect(() => {
    const now: string | undefined = JSON.stringify(of());
    const changed = before !== undefined && now !== undefined && before !== now;
    before = now ?? before;
    if (changed) act();
  });
}

/** The codec's binary, one file for worker and worklet; null where their code still carries it (development). */
async function loadCodec(): Promise<ArrayBuffer | null> {
  if (opusUrl === null) return null;
  const response = await fetch(opusUrl);
  if (!response.ok) throw new CodecError();
  return response.arrayBuffer();
}
