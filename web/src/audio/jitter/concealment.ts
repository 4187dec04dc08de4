// What sounds while nothing is there: the decoder's concealment, for a while and less and less of it, then silence.

import { SAMPLE_RATE } from '../units.ts';
import type { SampleQueue } from './sample-queue.ts';
import { type Before, CONCEAL_STEP_SAMPLES, type Stream } from './stream.ts';

/** Concealment sounds at full level for 60 ms, then fades to silence at 160 ms: after that it would be invention. */
const FADE_FROM_SAMPLES = 2_880;
const FADE_TO_SAMPLES = 7_680;
/** Nothing for this long, and no end was said: the talkspurt is over all the same. */
const GIVE_UP_SAMPLES = SAMPLE_RATE;

export class Concealment {
  readonly #stream: Stream;
  readonly #queue: SampleQueue;
  /** Samples concealed since the last packet, and samples of silence after those. */
  #run = 0;
  /** All that were ever concealed. */
  samples = 0;

  constructor(stream: Stream, queue: SampleQueue) {
    this.#stream = stream;
    this.#queue = queue;
  }

  /** Something has been concealed since the last packet. */
  get goesOn(): boolean {
    return this.#run > 0;
  }

  get givesUp(): boolean {
    return this.#run >= GIVE_UP_SAMPLES;
  }

  /** At which concealment sounds by now. */
  get gain(): number {
    return gainAfter(this.#run);
  }

  /** A packet is late: another step, of silence once all is faded. Gives how a packet that comes now is joined. */
  step(): Before {
    if (this.#run < FADE_TO_SAMPLES) {
      this.conceal(CONCEAL_STEP_SAMPLES);
      return 'concealed';
    }
    this.#queue.appendSilence(CONCEAL_STEP_SAMPLES);
    this.#run += CONCEAL_STEP_SAMPLES;
    return 'resumed';
  }

  conceal(samples: number): void {
    for (let done = 0; done < samples; done += CONCEAL_STEP_SAMPLES) {
      const from = this.gain;
      this.#run += CONCEAL_STEP_SAMPLES;
      this.#stream.concealStep(from, this.gain, this.#queue);
    }
    this.samples += samples;
  }

  /** Something else stood for what nobody said. */
  count(samples: number): void {
    this.samples += samples;
  }

  /** There is signal again, or a pause. */
  end(): void {
    this.#run = 0;
  }
}

function gainAfter(run: number): number {
  if (run <= FADE_FROM_SAMPLES) return 1;
  return Math.max(0, 1 - (run - FADE_FROM_SAMPLES) / (FADE_TO_SAMPLES - FADE_FROM_SAMPLES));
}
