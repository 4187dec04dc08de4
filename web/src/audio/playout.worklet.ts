// Moves packets in and samples out; all that is decided is decided in Player.

import type { FromPlayout, ToPlayout } from '../net/messages.ts';
import { loadOpus, selfTest } from './opus.ts';
import { Player } from './player.ts';

const REPORT_SECONDS = 0.1;

class PlayoutProcessor extends AudioWorkletProcessor {
  #player: Player | null = null;
  /** The first frame of the quantum that is made next: the first one a packet that comes now can be heard in. */
  #nextFrame = 0;
  #reportAtFrame = 0;

  constructor(options: { processorOptions: { opus: ArrayBuffer | null } }) {
    super();
    this.port.onmessage = this.#receive;
    loadOpus(options.processorOptions.opus)
      .then((opus) => {
        if (!selfTest(opus)) throw new Error('the codec does not keep a tone');
        this.#player = new Player(() => opus.decoder(), sampleRate);
        this.#tell({ kind: 'ready' });
      })
      .catch(() => this.#tell({ kind: 'failed' }));
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    this.#nextFrame = currentFrame + (out?.length ?? 128);
    if (out === undefined || this.#player === null) return true;
    this.#player.render(micros(currentFrame), out);
    for (const other of outputs[0]!) if (other !== out) other.set(out);
    if (currentFrame >= this.#reportAtFrame) this.#report(this.#player);
    return true;
  }

  #receive = ({ data }: MessageEvent<ToPlayout>): void => {
    if (data.kind === 'packets') {
      data.port.onmessage = this.#receive;
      return;
    }
    const player = this.#player;
    if (player === null) return;
    if (data.kind === 'packet')
      player.insert(micros(Math.max(this.#nextFrame, currentFrame)), data.packet, data.waitedUs);
    else if (data.kind === 'begin') player.begin(data.ptimeSamples);
    else if (data.kind === 'volume') player.volume = data.volume;
  };

  #report(player: Player): void {
    this.#reportAtFrame = currentFrame + REPORT_SECONDS * sampleRate;
    this.#tell({
      kind: 'report',
      stats: player.stats,
      captureUs: player.sounding ? player.captureUs : 0,
      heldUs: player.heldUs,
      waitedUs: player.waitedUs,
      frame: this.#nextFrame,
      level: player.takeLevel(),
    });
  }

  #tell(message: FromPlayout): void {
    this.port.postMessage(message);
  }
}

const micros = (frame: number): number => (frame / sampleRate) * 1e6;

registerProcessor('lanline-playout', PlayoutProcessor);
