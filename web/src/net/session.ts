// One stay in a room over however many sockets it takes: connect, welcome, messages both ways, pings, and the way back.
// Lives in the network worker.

import { ArrivalReport } from './arrival-report.ts';
import { RelayClock } from './clock.ts';
import type { Link } from './messages.ts';
import { pauseMs, silenceLimitMs, verdict } from './reconnect.ts';
import { type PageMessage, parseText, type RelayMessage, type Welcome } from './text.ts';
import { Unwrapper } from './unwrap.ts';
import { PING_SENDING_MS, UplinkGate } from './uplink-gate.ts';
import { type DownPacket, parseDown, type UpPacket, writeUp } from './wire.ts';

const SUBPROTOCOL = 'lanline.v1';
/** A socket that has not welcomed us by then is given up. */
const WELCOME_MS = 8_000;
const LOOK_MS = 50;
/** A few pings at the start set the clock. */
const FIRST_PINGS = 5;
const PING_QUIET_MS = 2_000;

export interface SessionEvents {
  link(link: Link): void;
  welcome(welcome: Welcome): void;
  message(message: RelayMessage): void;
  packet(packet: DownPacket, timestamp: number): void;
  /** `roundTripUs`: the shortest, to which the offset belongs; `lastUs`: the last one. */
  clock(offsetUs: number, roundTripUs: number, lastUs: number): void;
}

/** This machine's clock in µs, the same in every thread of the page. */
export const localUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000);

export class Session {
  readonly clock = new RelayClock();
  talking = false;
  hidden = false;
  readonly #url: string;
  readonly #events: SessionEvents;
  #socket: WebSocket | null = null;
  #gate: UplinkGate | null = null;
  #arrivals = new ArrivalReport();
  #timestamps = new Unwrapper(32);
  #goodbye: { reason: string; reconnect: boolean } | null = null;
  #openedMs = 0;
  #lastHeardMs = 0;
  #lastPingMs = 0;
  #pings = 0;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #look: ReturnType<typeof setInterval> | null = null;
  #stopped = false;

  constructor(url: string, events: SessionEvents) {
    this.#url = url;
    this.#events = events;
  }

  start(): void {
    this.#events.link({ state: 'connecting' });
    this.#look = setInterval(() => this.#watch(), LOOK_MS);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#look !== null) clearInterval(this.#look);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#drop(1000);
  }

  /** The network or the page came back: do not wait out the pause. */
  retryNow(): void {
    if (this.#retry === null) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  say(message: PageMessage): void {
    if (this.welcomed) this.#socket!.send(JSON.stringify(message));
  }

  send(packet: UpPacket): void {
    if (!this.welcomed) return;
    const message = writeUp(packet);
    this.#socket!.send(message);
    this.#gate!.packetSent(message.length, performance.now());
  }

  get welcomed(): boolean {
    return this.#gate !== null && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Whether audio sent now would get through while it is fresh. */
  get takesAudio(): boolean {
    return this.welcomed && this.#gate!.open(performance.now(), this.#socket!.bufferedAmount);
  }

  #connect(): void {
    this.#retry = null;
    this.#goodbye = null;
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#closed(socket, code, reason);
    this.#socket = socket;
    this.#openedMs = performance.now();
    this.#lastHeardMs = this.#openedMs;
  }

  #receive(data: unknown): void {
    this.#lastHeardMs = performance.now();
    if (typeof data !== 'string') {
      const packet = parseDown(new Uint8Array(data as ArrayBuffer));
      if (typeof packet === 'string') return;
      this.#events.packet(packet, this.#timestamps.next(packet.timestamp));
      this.#report(this.#arrivals.came(packet.sequence, this.#lastHeardMs));
      return;
    }
    const message = parseText(data);
    if (message === null) return;
    switch (message.type) {
      case 'welcome':
        this.#welcome(message);
        break;
      case 'ping':
        this.say({ type: 'pong', t: message.t });
        break;
      case 'pong':
        this.#pong(message.t, message.clockUs);
        break;
      case 'goodbye':
        this.#goodbye = message;
        break;
      default:
        this.#events.message(message);
    }
  }

  #welcome(message: Welcome): void {
    this.#gate = new UplinkGate(message.bitrate, message.ptimeMs);
    this.#arrivals = new ArrivalReport();
    this.#timestamps = new Unwrapper(32);
    this.#attempt = 0;
    this.#pings = 0;
    this.#lastPingMs = 0;
    this.#events.link({ state: 'open' });
    this.#events.welcome(message);
    this.#events.message(message);
    this.#ping();
  }

  #ping(): void {
    const t = localUs();
    this.#pings += 1;
    this.#lastPingMs = performance.now();
    this.#gate!.pingSent(t, this.#lastPingMs);
    this.say({ type: 'ping', t });
  }

  #pong(t: number, relayUs: number): void {
    const now = localUs();
    const shortestUs = Math.min(this.clock.roundTripUs ?? Number.POSITIVE_INFINITY, now - t);
    if (this.#gate?.pongReceived(t, performance.now(), shortestUs / 1000) == null) return;
    this.clock.learn(t, now, relayUs);
    this.#events.clock(this.clock.offsetUs!, this.clock.roundTripUs!, now - t);
  }

  #watch(): void {
    const now = performance.now();
    if (this.#socket === null) return;
    const limit = this.#gate === null ? WELCOME_MS : silenceLimitMs(this.hidden);
    if (now - this.#lastHeardMs > limit) {
      this.#drop(4000);
      this.#lost();
      return;
    }
    if (!this.welcomed) return;
    this.#report(this.#arrivals.due(now));
    const soon = this.#pings < FIRST_PINGS || this.talking || this.#gate!.waits;
    const pause = soon ? PING_SENDING_MS : PING_QUIET_MS;
    if (now - this.#lastPingMs >= pause) this.#ping();
  }

  #report(sequence: number | null): void {
    if (sequence !== null) this.say({ type: 'received', sequence });
  }

  #closed(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return;
    const welcomed = this.#gate !== null;
    this.#socket = null;
    this.#gate = null;
    if (this.#stopped) return;
    if (verdict(code, this.#goodbye) === 'ended') {
      this.#end(this.#goodbye?.reason || reason || 'The relay ended the session.');
    } else if (welcomed) {
      this.#lost();
    } else {
      this.#refusal().then((why) => {
        if (why === null) this.#lost();
        else this.#end(why);
      });
    }
  }

  /** A browser does not say why a socket was refused; the same address over HTTP does. Null: worth another try. */
  async #refusal(): Promise<string | null> {
    try {
      const response = await fetch(this.#url.replace(/^ws/, 'http'), { cache: 'no-store' });
      if (response.status !== 400 && response.status !== 403) return null;
      const body: unknown = await response.json();
      const { error, message } = body as { error?: unknown; message?: unknown };
      // Without the socket's own headers these two are always missing: they say nothing about us.
      if (error === 'bad_subprotocol' || error === 'upgrade_required' || typeof message !== 'string') return null;
      return message;
    } catch {
      return null;
    }
  }

  #lost(): void {
    if (this.#stopped) return;
    const retryMs = pauseMs(this.#attempt, Math.random());
    this.#events.link({ state: 'lost', attempt: this.#attempt, retryMs });
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), retryMs);
  }

  #end(reason: string): void {
    this.stop();
    this.#events.link({ state: 'ended', reason });
  }

  #drop(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#gate = null;
    socket?.close(code);
  }
}
