// Child processes: started, waited for, and never left behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** A program of this workspace: named by the environment, or built in release or debug. */
export function built(program: string, variable: string): string {
  const named = process.env[variable];
  const candidates = named
    ? [named]
    : ['release', 'debug'].map((profile) => join(REPOSITORY, 'target', profile, program));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not built: set ${variable}, or build it with cargo`);
  return found;
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lanline-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

export class Child {
  readonly process: ChildProcess;
  /** Everything it said, for the message when it fails. */
  output = '';
  readonly exited: Promise<number | null>;

  constructor(program: string, args: string[], env: Record<string, string> = {}) {
    this.process = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = (text: Buffer) => {
      this.output += text;
    };
    this.process.stdout!.on('data', collect);
    this.process.stderr!.on('data', collect);
    this.exited = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('exit', (code) => resolve(code));
    });
  }

  async succeeded(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw new Error(`${this.process.spawnfile} ended with ${code}:\n${this.output}`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill(signal);
    const forced = setTimeout(() => this.process.kill('SIGKILL'), 5_000);
    await this.exited;
    clearTimeout(forced);
  }
}
