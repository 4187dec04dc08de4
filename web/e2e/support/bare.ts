// A participant without our page: a ticket and a socket, what is said to it, and what comes over the wire as it is.

import type { Browser, Page } from 'playwright-core';
import { visit } from './chromium.ts';
import type { Relay } from './relay.ts';

/** Of a packet on its way down. */
export interface Came {
  bytes: number;
  end: boolean;
}

interface Held {
  socket: WebSocket;
  texts: Record<string, unknown>[];
  packets: Came[];
}

export class Bare {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Comes in as somebody who listens; welcomed when this is done. */
  static async join(browser: Browser, relay: Relay, room: string, name: string): Promise<Bare> {
    // It needs a page of the relay's origin, no more.
    const { page } = await visit(browser, relay, room);
    await page.evaluate(
      async ([room, name]) => {
        const body = JSON.stringify({ room, name, role: 'listener' });
        const headers = { 'Content-Type': 'application/json' };
        const answer = await fetch('/api/v1/tickets', { method: 'POST', headers, body });
        const { ticket } = await answer.json();
        const socket = new WebSocket(`wss://${location.host}/ws?ticket=${ticket}`, 'lanline.v1');
        socket.binaryType = 'arraybuffer';
        const held: Held = { socket, texts: [], packets: [] };
        Object.assign(globalThis, { held });
        await new Promise<void>((welcomed, failed) => {
          socket.onclose = () => failed(new Error('the relay closed the socket'));
          socket.onmessage = ({ data }) => {
            if (typeof data !== 'string') {
              const view = new DataView(data);
              const end = (view.getUint8(1) & 2) !== 0;
              held.packets.push({ bytes: data.byteLength - 16, end });
              return;
            }
            const message = JSON.parse(data);
            held.texts.push(message);
            if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong', t: message.t }));
            if (message.type === 'welcome') welcomed();
          };
        });
      },
      [room, name] as const,
    );
    return new Bare(page);
  }

  say(message: object): Promise<void> {
    return this.#page.evaluate(
      (said) => (globalThis as unknown as { held: Held }).held.socket.send(JSON.stringify(said)),
      message,
    );
  }

  /** The next message of that type; what came before is not looked at again. */
  async told(type: string): Promise<Record<string, unknown>> {
    const found = await this.#page.waitForFunction((wanted) => {
      const { texts } = (globalThis as unknown as { held: Held }).held;
      const at = texts.findIndex((message) => message.type === wanted);
      return at < 0 ? null : texts.splice(0, at + 1).at(-1);
    }, type);
    return (await found.jsonValue()) as Record<string, unknown>;
  }

  /** The next so many packets. */
  async packets(count: number): Promise<Came[]> {
    await this.#page.evaluate(() => (globalThis as unknown as { held: Held }).held.packets.splice(0));
    const found = await this.#page.waitForFunction((wanted) => {
      const { packets } = (globalThis as unknown as { held: Held }).held;
      return packets.length < wanted ? null : packets.splice(0, wanted);
    }, count);
    return (await found.jsonValue()) as Came[];
  }

  async leave(): Promise<void> {
    await this.#page.context().close();
  }
}
