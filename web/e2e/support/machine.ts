// The machine under a test of sound in real time, which other programs use too. Asked to put the test first, where the
// system lets us, and watched: what went wrong while threads under test stood in line for a core says nothing of the page.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { Worker } from 'node:worker_threads';

/** Linux shares a machine between sessions (autogroup) before it looks at the niceness of a process. */
const FIRST = '-19';
/** So often at most; what then fails has failed, whoever is to blame. */
const ATTEMPTS = 6;
/** A wait that a jitter buffer notices. */
const NOTICED_MS = 10;
/** For a browser whose processes come and go. */
const SCAN_MS = 1_000;

/** Everything that this process started comes before the rest of the machine; only root on Linux may say so. */
export function comeFirst(): void {
  for (const pid of family()) {
    try {
      writeFileSync(`/proc/${pid}/autogroup`, FIRST);
    } catch {
      // Another system, not root, or gone already: the test runs as the machine lets it.
    }
  }
}

/**
 * Tries until it holds, as long as what speaks against it may be the machine. What fails on a calm machine fails at once,
 * and what the machine does not let pass in any of the attempts fails too.
 */
export async function whenCalm<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    const watch = new Watch();
    try {
      return await attempt();
    } catch (error) {
      const waitedMs = watch.worstMs;
      if (waitedMs < NOTICED_MS || n === ATTEMPTS) throw error;
      console.log(`again, for something had to wait for ${waitedMs.toFixed(0)} ms: ${(error as Error).message}`);
    } finally {
      watch.end();
    }
  }
}

/** How long threads under test had to wait at most since this was made. */
class Watch {
  readonly #shared = new SharedArrayBuffer(4);
  readonly #worst = new Int32Array(this.#shared);
  readonly #worker: Worker;
  readonly #scan: NodeJS.Timeout;

  constructor() {
    this.#worker = new Worker(new URL('machine.worker.mjs', import.meta.url), { workerData: this.#shared });
    this.#worker.postMessage(family());
    this.#scan = setInterval(() => this.#worker.postMessage(family()), SCAN_MS);
  }

  get worstMs(): number {
    return Atomics.load(this.#worst, 0) / 1000;
  }

  end(): void {
    clearInterval(this.#scan);
    void this.#worker.terminate();
  }
}

/** This process and all that descend from it. */
function family(): number[] {
  const found = [process.pid];
  const parents = parentOfEach();
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}

function parentOfEach(): Map<number, number> {
  const parents = new Map<number, number>();
  let names: string[] = [];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    // Not a Linux.
  }
  for (const name of names) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The program's name, in brackets, may hold anything.
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Gone meanwhile.
    }
  }
  return parents;
}
