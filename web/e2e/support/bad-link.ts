// A link between page and relay that stalls on command, so that bytes wait, as they do in a radio's queue, and come late;
// or that is cut.

import { connect, createServer, type Server, type Socket } from 'node:net';

export class BadLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'up' | 'stalled' | 'cut' = 'up';

  private constructor(port: number) {
    this.#server = createServer((page) => this.#join(page, connect(port, '127.0.0.1')));
  }

  /** From `own` to the relay's port; the relay has to allow the host that this makes (`allowing`). */
  static async to(port: number, own: number): Promise<BadLink> {
    const link = new BadLink(port);
    await new Promise<void>((resolve) => link.#server.listen(own, '127.0.0.1', resolve));
    return link;
  }

  static allowing(own: number): string[] {
    return ['--allow-host', `127.0.0.1:${own}`];
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Nothing gets through, either way, until `recover`. */
  stall(): void {
    this.#state = 'stalled';
    for (const socket of this.#sockets) socket.pause();
  }

  /** Every connection ends, and none is made until `recover`. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  recover(): void {
    this.#state = 'up';
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(page: Socket, relay: Socket): void {
    if (this.#state === 'cut') {
      page.destroy();
      relay.destroy();
      return;
    }
    for (const [from, to] of [
      [page, relay],
      [relay, page],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#state === 'stalled') from.pause();
    }
  }
}
