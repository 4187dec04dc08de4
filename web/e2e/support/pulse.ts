// A PulseAudio of our own with one speaker, of which we hear what really comes out; on wish with a microphone that
// hears the speaker, as one in the same room does.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, temporaryFolder } from './process.ts';
import { fromInt16, RATE } from './sound.ts';

/** Browsers do not offer monitors as microphones; a remapped one they do. */
const ROOM = ['-L', 'module-remap-source source_name=mouth master=ear.monitor'];

/** It comes in pieces of 5 ms. */
const LOOKS = 200;
const LOOK_EVERY_MS = 3;

export class Speaker {
  readonly #folder = temporaryFolder();
  readonly #daemon: Child;
  readonly #socket: string;
  #recordings = 0;

  private constructor(room: boolean) {
    this.#socket = join(this.#folder.path, 'native');
    // Chromium runs its devices at the server's default rate, which is 44.1 kHz; what is sold has 48.
    const config = join(this.#folder.path, '.config', 'pulse');
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'daemon.conf'), 'default-sample-rate = 48000\n');
    this.#daemon = new Child(
      'pulseaudio',
      [
        '-n',
        '--daemonize=no',
        '--use-pid-file=no',
        '--exit-idle-time=-1',
        '--disable-shm=yes',
        '-L',
        `module-native-protocol-unix auth-anonymous=1 socket=${this.#socket}`,
        '-L',
        'module-null-sink sink_name=ear rate=48000 channels=1',
        ...(room ? ROOM : []),
      ],
      { HOME: this.#folder.path, XDG_RUNTIME_DIR: this.#folder.path, PULSE_RUNTIME_PATH: this.#folder.path },
    );
  }

  static async start({ room = false } = {}): Promise<Speaker> {
    const speaker = new Speaker(room);
    let ended = false;
    void speaker.#daemon.exited.then(() => {
      ended = true;
    });
    while (!existsSync(speaker.#socket)) {
      if (ended) throw new Error(`PulseAudio did not start:\n${speaker.#daemon.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (room) await new Child('pactl', ['set-default-source', 'mouth'], speaker.env).succeeded();
    return speaker;
  }

  /** For programs that shall play into it. */
  get env(): Record<string, string> {
    return { PULSE_SERVER: `unix:${this.#socket}`, HOME: this.#folder.path };
  }

  /** Plays samples into it, as somebody in the room would. */
  play(path: string): Child {
    return new Child('paplay', ['--latency-msec=20', '--device=ear', path], this.env);
  }

  /** Records from the first sample that arrives until stopped: into a file, for it comes in 200 pieces a second. */
  async record(): Promise<Recording> {
    this.#recordings += 1;
    const path = join(this.#folder.path, `recording-${this.#recordings}.raw`);
    const file = openSync(path, 'w');
    const recorder = spawn(
      'parec',
      ['--latency-msec=5', '--device=ear.monitor', '--format=s16le', '--rate=48000', '--channels=1', '--raw'],
      { env: { ...process.env, ...this.env }, stdio: ['ignore', file, 'inherit'] },
    );
    closeSync(file);
    while (statSync(path).size === 0) {
      if (recorder.exitCode !== null) throw new Error('parec ended before the first sample');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return new Recording(recorder, path);
  }

  async close(): Promise<void> {
    await this.#daemon.stop();
    this.#folder.remove();
  }
}

export class Recording {
  readonly #recorder: ChildProcess;
  readonly #path: string;

  constructor(recorder: ChildProcess, path: string) {
    this.#recorder = recorder;
    this.#path = path;
  }

  /** When its first sample sounded, by the clock of the system: of many looks that at which least stood in line. */
  async beganMs(): Promise<number> {
    let earliest = Number.POSITIVE_INFINITY;
    for (let n = 0; n < LOOKS; n++) {
      const recordedMs = (statSync(this.#path).size / 2 / RATE) * 1000;
      earliest = Math.min(earliest, performance.timeOrigin + performance.now() - recordedMs);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return earliest;
  }

  async stop(): Promise<Float32Array> {
    const ended = new Promise((resolve) => this.#recorder.once('exit', resolve));
    this.#recorder.kill();
    await ended;
    return fromInt16(readFileSync(this.#path));
  }
}
