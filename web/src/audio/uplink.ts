// From frames to packets on their way up: what is said goes out, silence does not. Pure: the encoder, the detector
// and what keeps packets from being sent now are handed in.

import type { UpPacket } from '../net/wire.ts';
import type { Frame } from './framer.ts';
import { audioLevel } from './level.ts';
import type { Heard, Rise } from './speech-detector.ts';
import { msToSamples, samplesToMs } from './units.ts';

/**
 * Frames from before the detector's decision in which sound was already rising are sent after all, up to this far back. Not
 * those with nothing but noise in them: whoever plays them first is late by them for the rest of the syllable.
 */
const PRE_ROLL_MS = 40;
/** A talkspurt goes on for this long after the last speech. */
const HANGOVER_MS = 250;
const NOTHING = new Uint8Array(0);

export interface UplinkParts {
  encode: (pcm: Float32Array) => Uint8Array;
  hears: (pcm: Float32Array) => Heard;
  /** Relay clock of an instant of this machine, as it travels. */
  captureStamp: (localUs: number) => number;
  send: (packet: UpPacket) => void;
  /** A frame that should have been sent was not. */
  withheld: (by: Obstacle) => void;
}

/** What keeps a frame from being sent: the link takes none, or this device came to it when it was too old. */
export type Obstacle = 'link' | 'device';

interface Kept {
  frame: Frame;
  rise: Rise;
}

export class Uplink {
  /** Everything is sent, speech or not: music, and who holds a button. */
  continuous = false;
  readonly #parts: UplinkParts;
  readonly #preRollFrames: number;
  #preRoll: Kept[] = [];
  #sequence = 0;
  /** What is left of the hangover; nothing between talkspurts. */
  #holdMs = 0;
  #markerDue = false;
  /** An end could not be sent because the link was full; it is owed. */
  #endDue = false;
  #muted = false;
  #nextTimestamp = 0;

  constructor(ptimeSamples: number, parts: UplinkParts) {
    this.#parts = parts;
    this.#preRollFrames = Math.floor(msToSamples(PRE_ROLL_MS) / ptimeSamples);
  }

  take(frame: Frame, obstacle: Obstacle | null): void {
    const heard = this.#parts.hears(frame.pcm);
    const speech = heard.speech || this.continuous;
    this.#nextTimestamp = frame.timestamp + frame.pcm.length;
    if (this.#muted) return;
    if (this.#endDue && obstacle === null) this.#sendEmptyEnd(frame.timestamp, false);
    if (!speech && !this.talking) {
      this.#keep(frame, heard.rise);
      return;
    }
    if (!this.talking) this.#begin(heard.rise, obstacle);
    this.#holdMs = speech ? HANGOVER_MS : Math.max(0, this.#holdMs - samplesToMs(frame.pcm.length));
    const sent = this.#sendFrame(frame, obstacle, { preRoll: false, end: !this.talking });
    if (!this.talking && !sent) this.#endDue = !this.#markerDue;
  }

  get talking(): boolean {
    return this.#holdMs > 0;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** Nothing said while muted is ever sent, and nothing from before is sent afterwards. */
  mute(muted: boolean): void {
    this.#preRoll = [];
    if (muted && (this.talking || this.#endDue) && !this.#markerDue) this.#sendEmptyEnd(this.#nextTimestamp, true);
    if (muted) this.#holdMs = 0;
    this.#muted = muted;
  }

  #begin(rise: Rise, obstacle: Obstacle | null): void {
    this.#markerDue = true;
    this.#endDue = false;
    const risen = framesOfRise(rise, this.#preRoll);
    for (const { frame } of this.#preRoll.slice(this.#preRoll.length - risen)) {
      this.#sendFrame(frame, obstacle, { preRoll: true, end: false });
    }
    this.#preRoll = [];
  }

  #keep(frame: Frame, rise: Rise): void {
    this.#preRoll.push({ frame: { ...frame, pcm: frame.pcm.slice() }, rise });
    if (this.#preRoll.length > this.#preRollFrames) this.#preRoll.shift();
  }

  #sendFrame(frame: Frame, obstacle: Obstacle | null, flags: { preRoll: boolean; end: boolean }): boolean {
    if (obstacle !== null) {
      this.#parts.withheld(obstacle);
      return false;
    }
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

/** How many frames before one with speech belong to its onset, going back from it. */
function framesOfRise(inSpeech: Rise, before: readonly Kept[]): number {
  let count = 0;
  let goesOn = inSpeech === 'from_start';
  while (goesOn && count < before.length) {
    const { rise } = before[before.length - 1 - count]!;
    if (rise === 'none') break;
    count += 1;
    goesOn = rise === 'from_start';
  }
  return count;
}
