// From frames to packets on their way up: what is said goes out, silence does not. Pure: the encoder, the detector
// and whether the link takes packets now are handed in.

import type { UpPacket } from '../net/wire.ts';
import type { Frame } from './framer.ts';
import { audioLevel } from './level.ts';
import { msToSamples } from './units.ts';

/** What the detector may take to decide is sent ahead. */
const PRE_ROLL_MS = 40;
const NOTHING = new Uint8Array(0);

export interface UplinkParts {
  encode: (pcm: Float32Array) => Uint8Array;
  hears: (pcm: Float32Array) => boolean;
  /** Relay clock of an instant of this machine, as it travels. */
  captureStamp: (localUs: number) => number;
  send: (packet: UpPacket) => void;
}

export class Uplink {
  readonly #parts: UplinkParts;
  readonly #preRollFrames: number;
  #preRoll: Frame[] = [];
  #sequence = 0;
  #talking = false;
  #markerDue = false;
  /** An end could not be sent because the link was full; it is owed. */
  #endDue = false;
  #muted = false;
  #nextTimestamp = 0;

  constructor(ptimeSamples: number, parts: UplinkParts) {
    this.#parts = parts;
    this.#preRollFrames = Math.floor(msToSamples(PRE_ROLL_MS) / ptimeSamples);
  }

  /** Takes one frame; `open` says whether the link takes packets. */
  take(frame: Frame, open: boolean): void {
    const heard = this.#parts.hears(frame.pcm) && !this.#muted;
    this.#nextTimestamp = frame.timestamp + frame.pcm.length;
    if (this.#muted) return;
    if (this.#endDue && open) this.#sendEmptyEnd(frame.timestamp, false);
    if (!heard && !this.#talking) {
      this.#keep(frame);
      return;
    }
    if (!this.#talking) this.#begin(open);
    if (heard) {
      this.#sendFrame(frame, open, { preRoll: false, end: false });
    } else {
      this.#talking = false;
      if (!this.#sendFrame(frame, open, { preRoll: false, end: true })) this.#endDue = !this.#markerDue;
    }
  }

  get talking(): boolean {
    return this.#talking;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** Nothing said while muted is ever sent, and nothing from before is sent afterwards. */
  mute(muted: boolean): void {
    this.#preRoll = [];
    if (muted && (this.#talking || this.#endDue) && !this.#markerDue) this.#sendEmptyEnd(this.#nextTimestamp, true);
    if (muted) this.#talking = false;
    this.#muted = muted;
  }

  #begin(open: boolean): void {
    this.#talking = true;
    this.#markerDue = true;
    this.#endDue = false;
    for (const frame of this.#preRoll) this.#sendFrame(frame, open, { preRoll: true, end: false });
    this.#preRoll = [];
  }

  #keep(frame: Frame): void {
    this.#preRoll.push({ ...frame, pcm: frame.pcm.slice() });
    if (this.#preRoll.length > this.#preRollFrames) this.#preRoll.shift();
  }

  #sendFrame(frame: Frame, open: boolean, flags: { preRoll: boolean; end: boolean }): boolean {
    if (!open) return false;
    this.#send({
      ...flags,
      marker: this.#markerDue,
      muted: false,
      timestamp: frame.timestamp,
      captureUs: this.#parts.captureStamp(frame.capturedUs),
      level: audioLevel(frame.pcm),
      payload: this.#parts.encode(frame.pcm),
    });
    this.#markerDue = false;
    return true;
  }

  #sendEmptyEnd(timestamp: number, muted: boolean): void {
    this.#endDue = false;
    this.#send({
      marker: false,
      end: true,
      preRoll: false,
      muted,
      timestamp,
      captureUs: 0,
      level: 127,
      payload: NOTHING,
    });
  }

  #send(packet: Omit<UpPacket, 'sequence'>): void {
    this.#parts.send({ ...packet, sequence: this.#sequence });
    this.#sequence = (this.#sequence + 1) & 0xffff;
  }
}
