// Moves samples: render quanta in, blocks of 10 ms out over the port that leads to the network worker.

import type { CaptureBlock } from '../net/messages.ts';

class CaptureProcessor extends AudioWorkletProcessor {
  #to: MessagePort | null = null;
  #block: CaptureBlock = new Float32Array(Math.round(sampleRate / 100));
  #filled = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<MessagePort | null>) => {
      this.#to = data;
    };
  }

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0];
    if (this.#to === null || channels === undefined || channels[0] === undefined) return true;
    const left = channels[0];
    const right = channels[1];
    for (let i = 0; i < left.length; i++) {
      this.#block[this.#filled++] = right === undefined ? left[i]! : (left[i]! + right[i]!) / 2;
      if (this.#filled === this.#block.length) this.#pass();
    }
    return true;
  }

  #pass(): void {
    const block = this.#block;
    this.#block = new Float32Array(block.length);
    this.#filled = 0;
    this.#to!.postMessage(block, [block.buffer]);
  }
}

registerProcessor('lanline-capture', CaptureProcessor);
