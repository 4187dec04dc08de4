// Blocks of a microphone, straight from its track, where the browser has a MediaStreamTrackProcessor: no audio context
// and no queue in between. Runs in the network worker, to which the stream was given.

/** A block is lent until `take` returns; the rate is the microphone's, and may change with the device. */
export type TakeBlock = (block: Float32Array, sampleRate: number) => void;

export class TrackReader {
  readonly #reader: ReadableStreamDefaultReader<AudioData>;
  readonly #take: TakeBlock;
  #block = new Float32Array(0);
  #channel = new Float32Array(0);

  constructor(stream: ReadableStream<AudioData>, take: TakeBlock) {
    this.#reader = stream.getReader();
    this.#take = take;
    // A stream that breaks is a track that ended, and the page is told that by the track.
    this.#read().catch(() => {});
  }

  stop(): void {
    this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      try {
        this.#take(this.#mono(value), value.sampleRate);
      } finally {
        value.close();
      }
    }
  }

  #mono(data: AudioData): Float32Array {
    const length = data.numberOfFrames;
    if (this.#block.length !== length) {
      this.#block = new Float32Array(length);
      this.#channel = new Float32Array(length);
    }
    data.copyTo(this.#block, { planeIndex: 0, format: 'f32-planar' });
    if (data.numberOfChannels === 1) return this.#block;
    data.copyTo(this.#channel, { planeIndex: 1, format: 'f32-planar' });
    for (let i = 0; i < length; i++) this.#block[i] = (this.#block[i]! + this.#channel[i]!) / 2;
    return this.#block;
  }
}
