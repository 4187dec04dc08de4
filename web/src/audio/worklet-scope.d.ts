// The AudioWorkletGlobalScope, which TypeScript's DOM library leaves out.

declare const sampleRate: number;
declare const currentFrame: number;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

declare function registerProcessor(
  name: string,
  processor: new (
    // biome-ignore lint/suspicious/noExplicitAny: each processor types its own options
    options: any,
  ) => AudioWorkletProcessor & {
    process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
  },
): void;
