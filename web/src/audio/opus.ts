// Opus, 48 kHz mono, from libopus-wasm: encode, decode and conceal without allocating per packet.

import create, { type OpusModule } from '../../node_modules/libopus-wasm/dist/generated/libopus.generated.mjs';
import { MAX_PTIME_SAMPLES, SAMPLE_RATE, SAMPLES_PER_MS } from './units.ts';

const RESTRICTED_LOWDELAY = 2051;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
const MAX_PACKET_BYTES = 1275;
/** A packet can claim up to 120 ms; the decoder refuses what does not fit, so there is room for one packet only. */
const PCM_SAMPLES = MAX_PTIME_SAMPLES;

/** Loads the codec. `binary` is null where the module still carries its own (development and tests). */
export async function loadOpus(binary: ArrayBuffer | null): Promise<Opus> {
  if (binary === null) return new Opus(await create());
  const module = await new Promise<OpusModule>((resolve, reject) => {
    create({
      instantiateWasm: (imports, done) => {
        WebAssembly.instantiate(binary, imports).then(({ instance }) => done(instance), reject);
      },
    }).then(resolve, reject);
  });
  return new Opus(module);
}

export class Opus {
  readonly #module: OpusModule;

  constructor(module: OpusModule) {
    this.#module = module;
  }

  encoder(bitrate: number, complexity = 5): OpusEncoder {
    return new OpusEncoder(this.#module, bitrate, complexity);
  }

  decoder(): OpusDecoder {
    return new OpusDecoder(this.#module);
  }
}

export class OpusEncoder {
  readonly #module: OpusModule;
  readonly #encoder: number;
  readonly #pcm: number;
  readonly #packet: number;

  constructor(module: OpusModule, bitrate: number, complexity: number) {
    this.#module = module;
    this.#encoder = made(module, (error) => module._oc_create_encoder(SAMPLE_RATE, 1, RESTRICTED_LOWDELAY, error));
    this.#pcm = module._malloc(PCM_SAMPLES * 4);
    this.#packet = module._malloc(MAX_PACKET_BYTES);
    module._oc_encoder_ctl(this.#encoder, SET_BITRATE, bitrate);
    module._oc_encoder_ctl(this.#encoder, SET_COMPLEXITY, complexity);
  }

  /** One frame of the packet time to one packet, a copy of its own. */
  encode(frame: Float32Array): Uint8Array<ArrayBuffer> {
    const m = this.#module;
    m.HEAPF32.set(frame, this.#pcm >> 2);
    const bytes = m._oc_encode_float(this.#encoder, this.#pcm, frame.length, this.#packet, MAX_PACKET_BYTES);
    if (bytes < 0) throw new Error(`Opus did not encode (${bytes})`);
    return m.HEAPU8.slice(this.#packet, this.#packet + bytes) as Uint8Array<ArrayBuffer>;
  }

  free(): void {
    this.#module._oc_destroy_encoder(this.#encoder);
    this.#module._free(this.#pcm);
    this.#module._free(this.#packet);
  }
}

/** What the jitter buffer needs of a decoder; tests put a lossless one in its place. */
export interface Decoder {
  /** Decodes into `pcm`; gives the samples written, negative where the packet does not decode. */
  decode(packet: Uint8Array, pcm: Float32Array): number;
  /** Fills all of `pcm` (a multiple of 2.5 ms, at most a packet time) with packet loss concealment. */
  conceal(pcm: Float32Array): void;
  free(): void;
}

export class OpusDecoder implements Decoder {
  readonly #module: OpusModule;
  readonly #decoder: number;
  readonly #pcm: number;
  readonly #packet: number;

  constructor(module: OpusModule) {
    this.#module = module;
    this.#decoder = made(module, (error) => module._oc_create_decoder(SAMPLE_RATE, 1, error));
    this.#pcm = module._malloc(PCM_SAMPLES * 4);
    this.#packet = module._malloc(MAX_PACKET_BYTES);
  }

  decode(packet: Uint8Array, pcm: Float32Array): number {
    const m = this.#module;
    // An empty packet would mean "lost" to the decoder, and a longer one does not fit.
    if (packet.length === 0 || packet.length > MAX_PACKET_BYTES) return -1;
    m.HEAPU8.set(packet, this.#packet);
    const samples = m._oc_decode_float(this.#decoder, this.#packet, packet.length, this.#pcm, PCM_SAMPLES, 0);
    if (samples <= 0 || samples > pcm.length) return -1;
    this.#copy(pcm, samples);
    return samples;
  }

  conceal(pcm: Float32Array): void {
    const samples = this.#module._oc_decode_float(this.#decoder, 0, 0, this.#pcm, pcm.length, 0);
    if (samples === pcm.length) this.#copy(pcm, samples);
    else pcm.fill(0);
  }

  free(): void {
    this.#module._oc_destroy_decoder(this.#decoder);
    this.#module._free(this.#pcm);
    this.#module._free(this.#packet);
  }

  #copy(pcm: Float32Array, samples: number): void {
    const heap = this.#module.HEAPF32;
    const from = this.#pcm >> 2;
    for (let i = 0; i < samples; i++) pcm[i] = heap[from + i]!;
  }
}

function made(module: OpusModule, create: (error: number) => number): number {
  const error = module._malloc(4);
  const pointer = create(error);
  const code = module.HEAP32[error >> 2];
  module._free(error);
  if (pointer === 0 || code !== 0) throw new Error(`Opus could not be set up (${code})`);
  return pointer;
}

/** Whether a tone survives encoding and decoding: run once in each thread that uses the codec. */
export function selfTest(opus: Opus): boolean {
  const samples = 20 * SAMPLES_PER_MS;
  const encoder = opus.encoder(64_000, 0);
  const decoder = opus.decoder();
  const frame = new Float32Array(samples);
  const decoded = new Float32Array(samples);
  let phase = 0;
  let power = 0;
  let projection = 0;
  for (let n = 0; n < 5; n++) {
    for (let i = 0; i < samples; i++) frame[i] = 0.5 * Math.sin(phase++ * ((2 * Math.PI * 440) / SAMPLE_RATE));
    if (decoder.decode(encoder.encode(frame), decoded) !== samples) return false;
    if (n < 2) continue;
    // 440 Hz seen through both phases, so the codec's delay does not matter.
    let re = 0;
    let im = 0;
    for (let i = 0; i < samples; i++) {
      const angle = (phase - samples + i) * ((2 * Math.PI * 440) / SAMPLE_RATE);
      re += decoded[i]! * Math.cos(angle);
      im += decoded[i]! * Math.sin(angle);
      power += decoded[i]! ** 2;
    }
    projection += (2 * (re * re + im * im)) / samples;
  }
  encoder.free();
  decoder.free();
  return power > 3 * samples * 0.06 && projection / power > 0.95;
}
