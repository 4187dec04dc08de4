// The shipped relay as a process of its own, with TLS, on a free port of loopback.

import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { built, Child, freePort, temporaryFolder } from './process.ts';

export class Relay {
  readonly port: number;
  readonly #state = temporaryFolder();
  #child: Child | null = null;

  readonly #flags: string[];
  readonly #host: string;

  private constructor(port: number, flags: string[], host: string) {
    this.port = port;
    this.#flags = flags;
    this.#host = host;
  }

  /** Whoever finds it may come in. On an address of this machine, in brackets if it is an IPv6 one. */
  static start(flags: string[] = [], host = '127.0.0.1'): Promise<Relay> {
    return Relay.closed(['--open', ...flags], host);
  }

  /** With keys, as it is shipped. */
  static async closed(flags: string[] = [], host = '127.0.0.1'): Promise<Relay> {
    const relay = new Relay(await freePort(), flags, host);
    await relay.up();
    return relay;
  }

  get origin(): string {
    return `${this.#plain ? 'http' : 'https'}://${this.#host}:${this.port}`;
  }

  get #plain(): boolean {
    return this.#flags.includes('--plain');
  }

  /** The folder in which the relay keeps its keys. */
  get folder(): string {
    return this.#state.path;
  }

  link(room: string): string {
    return `${this.origin}/r/${room}`;
  }

  async up(): Promise<void> {
    const bind = `${this.#host}:${this.port}`;
    const child = new Child(built('relay', 'RELAY'), [
      ...['--bind', bind, '--state-dir', this.#state.path, '--no-mdns'],
      ...(this.#flags.includes('--help-port') ? [] : ['--help-port', '0']),
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

  /** `SIGKILL`: without a word to anybody. */
  async down(signal?: NodeJS.Signals): Promise<void> {
    await this.#child?.stop(signal);
    this.#child = null;
  }

  async close(): Promise<void> {
    await this.down();
    this.#state.remove();
  }

  get hostKey(): string {
    return readFileSync(join(this.#state.path, 'host.key'), 'utf8').trim();
  }

  /** The room as its host sees it, made first if there is none. */
  async room(room: string): Promise<{ key: string; pin: string; participants: { id: number; name: string }[] }> {
    await this.host('POST', '', { room });
    return this.host('GET', `/${room}`);
  }

  /** Something that only the host may do. */
  async host<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { Authorization: `Bearer ${this.hostKey}` };
    const { text } = await this.call(method, `/api/v1/rooms${path}`, body, headers);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  notify(room: string, body: { severity?: string; title: string; text?: string }) {
    return this.call('POST', `/api/v1/rooms/${room}/notifications`, body);
  }

  call(
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { ...more, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
      const ask = this.#plain ? plainRequest : request;
      const call = ask(`${this.origin}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
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
