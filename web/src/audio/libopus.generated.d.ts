// The part we use of the module that libopus-wasm generates. We call it below the package's own classes because those
// make decoders asynchronously and allocate an array per packet: neither is possible inside an audio callback.
declare module '*/libopus.generated.mjs' {
  export interface OpusModule {
    readonly HEAPU8: Uint8Array;
    readonly HEAPF32: Float32Array;
    readonly HEAP32: Int32Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _oc_create_encoder(sampleRate: number, channels: number, application: number, error: number): number;
    _oc_destroy_encoder(encoder: number): void;
    _oc_encoder_ctl(encoder: number, request: number, value: number): number;
    _oc_encode_float(encoder: number, pcm: number, samples: number, packet: number, maxBytes: number): number;
    _oc_create_decoder(sampleRate: number, channels: number, error: number): number;
    _oc_destroy_decoder(decoder: number): void;
    _oc_decode_float(
      decoder: number,
      packet: number,
      packetBytes: number,
      pcm: number,
      maxSamples: number,
      fec: number,
    ): number;
  }
  export default function create(options?: {
    instantiateWasm?: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => void;
  }): Promise<OpusModule>;
}
