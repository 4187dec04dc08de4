// The shipped relay as a process of its own, with TLS, on a free port of loopback.

import { request } from 'node:https';
import { built, Child, freePort, temporaryFolder } from './process.ts';

export class Relay {
  readonly port: number;
  readonly #state = temporaryFolder();
  #child: Child | null = null;

  readonly #flags: string[];

  private constructor(port: number, flags: string[]) {
    this.port = port;
    this.#flags = flags;
  }

  static async start(flags: string[] = []): Promise<Relay> {
    const relay = new Relay(await freePort(), flags);
    await relay.up();
    return relay;
  }

  get origin(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  link(room: string): string {
    return `${this.origin}/r/${room}`;
  }

  async up(): Promise<void> {
    const bind = `127.0.0.1:${this.port}`;
    const child = new Child(built('relay', 'RELAY'), [
      ...['--open', '--bind', bind, '--state-dir', this.#state.path],
      ...this.#flags,
    ]);
    this.#child = child;
    let ended = false;
    void child.exited.then(() => {
      ended = true;
    });
    while (
      !(await this.call('GET', '/healthz').then(
        (answer) => answer.status === 200,
        () => false,
      ))
    ) {
      if (ended) throw new Error(`the relay did not start:\n${child.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async down(): Promise<void> {
    await this.#child?.stop();
    this.#child = null;
  }

  async close(): Promise<void> {
    await this.down();
    this.#state.remove();
  }

  notify(room: string, body: { severity?: string; title: string; text?: string }) {
    return this.call('POST', `/api/v1/rooms/${room}/notifications`, body);
  }

  call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
      const call = request(`${this.origin}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      call.once('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
