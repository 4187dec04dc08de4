// The microphone of a conversation: asked for, handed to the network worker, and renewed when the system took it away.

import { type Capture, CaptureError, type CaptureFailure, startCapture } from './audio/capture.ts';
import { lookForDevices } from './devices.ts';
import type { ToWorker } from './net/messages.ts';
import { PartMissing } from './parts.ts';
import * as settings from './ui/settings.ts';
import { echoCancelled } from './ui/store.ts';

type Tell = (message: ToWorker, transfer: Transferable[]) => void;

export class Microphone {
  readonly #tell: Tell;
  /** It went away by itself, or may come back. */
  readonly #changed: () => void;
  #capture: Capture | null = null;
  #opening = 0;
  #closed = false;

  constructor(tell: Tell, changed: () => void) {
    this.#tell = tell;
    this.#changed = changed;
  }

  /** The system holds it back: a call, another program. */
  get interrupted(): boolean {
    return this.#capture?.interrupted ?? false;
  }

  /**
   * A fresh one takes the place of the last. Gives null once it is open, `late` if it is not wanted any more, and
   * `unreachable` if what reads it does not come from the relay.
   */
  async open(): Promise<CaptureFailure | 'late' | 'unreachable' | null> {
    this.#opening += 1;
    const opening = this.#opening;
    const late = () => this.#closed || opening !== this.#opening;
    try {
      const capture = await startCapture(settings.processing(), this.#changed);
      if (late()) {
        capture.stop();
        return 'late';
      }
      this.#capture?.stop();
      this.#capture = capture;
      echoCancelled.value = capture.echoCancelled;
      return null;
    } catch (error) {
      if (late()) return 'late';
      this.drop();
      if (error instanceof PartMissing) return 'unreachable';
      return error instanceof CaptureError ? error.failure : 'broken';
    }
  }

  /** Gives its samples to the worker. */
  attach(): void {
    if (this.#capture === null) return;
    const { feed, latencyUs } = this.#capture;
    this.#tell({ kind: 'capture', feed, latencyUs }, [feed.via === 'track' ? feed.stream : feed.port]);
    void lookForDevices(); // Their names are told from now on.
    this.#capture.onlatency = (latencyUs) => this.#tell({ kind: 'capture_latency', latencyUs }, []);
  }

  close(): void {
    this.#closed = true;
    this.drop();
  }

  drop(): void {
    this.#capture?.stop();
    this.#capture = null;
  }
}
