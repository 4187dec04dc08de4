import opusUrl from 'virtual:opus-wasm-url';
import { CodecError } from './audio/playout.ts';

/** The codec's binary, one file for worker and worklet; null where their code still carries it (development). */
export async function loadCodec(): Promise<ArrayBuffer | null> {
  if (opusUrl === null) return null;
  const response = await fetch(opusUrl);
  if (!response.ok) throw new CodecError();
  return response.arrayBuffer();
}
