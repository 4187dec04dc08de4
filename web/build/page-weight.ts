// What somebody loads who opens a page: its files and all that these name, gzipped. A build in which that is too much fails.

import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Contents by file name. */
type Files = ReadonlyMap<string, string | Uint8Array>;

/** Bytes on the wire of a page with all that it may load later: code, codec, plot and styles. */
export function pageWeight(files: Files, page: string): number {
  const loaded = new Set([page]);
  let bytes = 0;
  for (const name of loaded) {
    const content = files.get(name)!;
    bytes += gzipSync(content).length;
    if (typeof content !== 'string') continue;
    for (const other of files.keys()) if (content.includes(lastOf(other))) loaded.add(other);
  }
  return bytes;
}

/** Names hold a hash of the content, so that one is not part of another by chance. */
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export function weighed(page: string, mostBytes: number): Plugin {
  return {
    name: 'lanline-page-weight',
    apply: 'build',
    enforce: 'post',
    // The last of these comes after the one that makes the page, and before anything is written.
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = Object.values(bundle).map((file): [string, string | Uint8Array] => [
          file.fileName,
          file.type === 'chunk' ? file.code : text(file.fileName, file.source),
        ]);
        const bytes = pageWeight(new Map(files), page);
        if (bytes > mostBytes) this.error(`${page} weighs ${bytes} bytes gzipped, and may weigh ${mostBytes}`);
      },
    },
  };
}

/** What may name other files, as text. */
const text = (name: string, source: string | Uint8Array): string | Uint8Array =>
  /\.(html|css|js)$/.test(name) && typeof source !== 'string' ? new TextDecoder().decode(source) : source;
