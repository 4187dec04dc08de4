import opusUrl from 'virtual:opus-wasm-url';
import { fetchPart } from './parts.ts';

/** The codec's binary, one file for worker and worklet; null where their code still carries it (development). */
export const loadCodec = (): Promise<ArrayBuffer | null> =>
  opusUrl === null ? Promise.resolve(null) : fetchPart(opusUrl);
