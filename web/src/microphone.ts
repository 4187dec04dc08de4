// The microphone of a conversation: asked for, handed to the network worker, and renewed when the system took it away,
// changed it, or it is to be used otherwise.

import { type Capture, CaptureError, type CaptureFailure, startCapture } from './audio/capture.ts';
import { inputs, lookForDevices } from './devices.ts';
import type { ToWorker } from './net/messages.ts';
import { onChange } from './on-change.ts';
import { PartMissing } from './parts.ts';
import { Retry } from './retry.ts';
import * as settings from './ui/settings.ts';
import * as store from './ui/store.ts';
import { type Key, t } from './ui/words.ts';

type Tell = (message: ToWorker, transfer: Transferable[]) => void;

/** One that a person need not allow is there sooner. */
const ALLOWED_MS = 1_000;

/** `unreachable`: what reads it does not come from the relay. */
export type MicrophoneFailure = CaptureFailure | 'unreachable';

export class Microphone {
  readonly #tell: Tell;
  readonly #retry = new Retry(() => void this.#takePlace());
  readonly #endings: (() => void)[] = [];
  #capture: Capture | null = null;
  #opening = 0;
  /** Of the ones that were asked for, so many have not come yet. */
  #asked = 0;
  /** The worker has it, or is to have another in its place. */
  #attached = false;
  /** It went away before the worker had it. */
  #due = false;
  #closed = false;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Asks for one. Gives null once it is open, and `late` if it is not wanted any more. */
  async open(): Promise<MicrophoneFailure | 'late' | null> {
    this.#retry.end();
    [this.#attached, this.#due] = [false, false];
    return this.#ask();
  }

  /** Gives its samples to the worker. */
  attach(): void {
    if (this.#capture === null) return;
    this.#attached = true;
    const { feed, latencyUs } = this.#capture;
    this.#tell({ kind: 'capture', feed, latencyUs }, [feed.via === 'track' ? feed.stream : feed.port]);
    void lookForDevices(); // Their names are told from now on.
    // One that is held back from the start says so itself, soon.
    if (!this.#capture.interrupted) store.interrupted.value = false;
    this.#capture.oninterrupted = (interrupted) => {
      store.interrupted.value = interrupted;
    };
    this.#capture.onlatency = (latencyUs) => this.#tell({ kind: 'capture_latency', latencyUs }, []);
    if (!this.#due) return;
    this.#due = false;
    this.#renew();
  }

  /** What is chosen on the screen, and what the system changes, is done at once. */
  follow(): void {
    this.#endings.push(
      onChange(settings.processing, () => this.#renew()),
      this.#watchDevices(),
    );
  }

  /** The page is seen again: what the system held back, a call or another program, may be free. */
  seen(): void {
    if (this.#capture?.interrupted === true) this.#renew();
    else this.#tryAgain();
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#endings) end();
    this.drop();
  }

  drop(): void {
    this.#retry.end();
    this.#attached = false;
    this.#letGo();
  }

  #watchDevices(): () => void {
    let known: string | undefined;
    return inputs.subscribe((devices) => {
      const now = devices.length === 0 ? known : JSON.stringify(devices.map(({ deviceId }) => deviceId));
      if (known !== undefined && now !== known) this.#renew();
      // Unplugged and plugged in again they are the same.
      else this.#tryAgain();
      known = now;
    });
  }

  /** Unplugged, taken away by a call, or to be used otherwise: a fresh one takes its place, or one listens without. */
  #renew(): void {
    this.#due = !this.#attached;
    if (this.#due) return;
    this.#retry.end();
    void this.#takePlace();
  }

  #tryAgain(): void {
    if (this.#retry.failing && this.#asked === 0) void this.#takePlace();
  }

  async #takePlace(): Promise<void> {
    const failure = await this.#ask();
    if (failure === 'late') return;
    if (failure !== null) {
      this.#failed(failure);
      return;
    }
    this.#retry.end();
    this.attach();
    store.microphone.value = 'on';
  }

  async #ask(): Promise<MicrophoneFailure | 'late' | null> {
    this.#opening += 1;
    const opening = this.#opening;
    const late = () => this.#closed || opening !== this.#opening;
    this.#asked += 1;
    const allowing = setTimeout(() => {
      store.allowing.value = true;
    }, ALLOWED_MS);
    try {
      const capture = await startCapture(settings.processing(), () => this.#renew());
      if (late()) {
        capture.stop();
        return 'late';
      }
      this.#letGo();
      this.#capture = capture;
      store.echoCancelled.value = capture.echoCancelled;
      return null;
    } catch (error) {
      if (late()) return 'late';
      // One that still listens is better than none.
      if (this.#capture?.interrupted === true) this.#letGo();
      if (error instanceof PartMissing) return 'unreachable';
      return error instanceof CaptureError ? error.failure : 'broken';
    } finally {
      this.#asked -= 1;
      clearTimeout(allowing);
      if (this.#asked === 0) store.allowing.value = false;
    }
  }

  #failed(failure: MicrophoneFailure): void {
    const goesOn = this.#capture !== null;
    // A person's no is not asked about again; a page that nobody sees is refused by the browser itself.
    const refused = failure === 'refused' && !document.hidden;
    const outcome = refused ? 'given_up' : this.#retry.failed();
    if (refused) {
      this.#retry.end();
      this.#attached = goesOn;
    }
    if (!goesOn) store.microphone.value = outcome === 'waits' ? 'starting' : 'off';
    if (outcome !== 'given_up') return;
    if (goesOn)
      store.showNotice('warning', t('microphoneStays'), said('microphoneStaysText', refused ? null : 'triedAgain'));
    else store.showNotice('warning', t('noMicrophone'), said(GONE[failure], refused ? null : 'microphoneAgain'));
  }

  #letGo(): void {
    this.#capture?.stop();
    this.#capture = null;
  }
}

const said = (what: Key, next: Key | null): string => (next === null ? t(what) : `${t(what)} ${t(next)}`);

/** Why one listens without. */
export const GONE: Record<MicrophoneFailure, Key> = {
  refused: 'goneRefused',
  missing: 'goneMissing',
  busy: 'goneBusy',
  insecure: 'goneInsecure',
  withheld: 'goneWithheld',
  broken: 'goneBroken',
  unreachable: 'goneBroken',
};
