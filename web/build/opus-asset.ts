// libopus-wasm carries its WebAssembly as a string inside a JavaScript module. The worker and the playout worklet
// both need it, and bundled that way it would be on the wire twice. This plug-in takes the string out at build time
// and emits it once as a .wasm file; the page fetches that and hands the bytes to both.

import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const GENERATED = /libopus\.generated\.mjs$/;
const VIRTUAL = 'virtual:opus-wasm-url';
const OPENING = "binaryDecode('";

export function opusAsset(generatedPath: string): Plugin {
  let building = false;
  return {
    name: 'lanline-opus-asset',
    configResolved(config) {
      building = config.command === 'build';
    },
    resolveId(id) {
      return id === VIRTUAL ? `\0${VIRTUAL}` : null;
    },
    load(id) {
      if (id !== `\0${VIRTUAL}`) return null;
      if (!building) return 'export default null;';
      const wasm = decode(literal(readFileSync(generatedPath, 'utf8')).text);
      const reference = this.emitFile({ type: 'asset', name: 'opus.wasm', source: wasm });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
    transform(code, id) {
      if (!building || !GENERATED.test(id)) return null;
      const { start, end } = literal(code);
      return { code: `${code.slice(0, start)}''${code.slice(end)}`, map: null };
    },
  };
}

function literal(code: string): { start: number; end: number; text: string } {
  const opening = code.indexOf(OPENING);
  if (opening < 0) throw new Error('libopus-wasm no longer embeds its binary the way build/opus-asset.ts expects');
  const start = opening + OPENING.length - 1;
  let end = start + 1;
  while (code[end] !== "'") end += code[end] === '\\' ? 2 : 1;
  end += 1;
  return { start, end, text: code.slice(start, end) };
}

/** The generated module's own decoding: one character a byte, a zero byte as a character above 255. */
function decode(text: string): Uint8Array {
  const characters = new Function(`return ${text}`)() as string;
  const bytes = Uint8Array.from({ length: characters.length }, (_, i) => {
    const c = characters.charCodeAt(i);
    return (~c >> 8) & c;
  });
  if (!WebAssembly.validate(bytes)) throw new Error('what was taken out of libopus-wasm is not WebAssembly');
  return bytes;
}
