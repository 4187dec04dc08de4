// One stay in a room over however many sockets it takes: connect, welcome, messages both ways, pings, and the way back.
// Lives in the network worker.

import { ArrivalReport } from './arrival-report.ts';
import { RelayClock } from './clock.ts';
import type { Link } from './messages.ts';
import { isBad, isTooBig, Outbox, type Unsaid } from './outbox.ts';
import { passes, pauseMs, silenceLimitMs, verdict } from './reconnect.ts';
import { SequenceGaps } from './sequence-gaps.ts';
import { type PageMessage, parseText, type RelayMessage, type Welcome } from './text.ts';
import { askForTicket, type Entry, type Refusal, relayAnswers } from './ticket.ts';
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
/** A token that a relay which is there refused so often is worth nothing any more. */
const RESUMES = 3;

/** A place in the room that outlives its socket. */
export interface Seat {
  /** Brings us back to it. */
  token: string;
  /** Number of the last chat or notification that came. */
  after: number;
}

/** What to begin with: a seat that is held, a ticket, or neither. */
export interface Start {
  seat: Seat | null;
  ticket: string | null;
  /** Written before, and not said yet. */
  unsaid: readonly Unsaid[];
}

export interface SessionEvents {
  link(link: Link): void;
  welcome(welcome: Welcome): void;
  message(message: RelayMessage): void;
  packet(packet: DownPacket, timestamp: number): void;
  /** Packets that the relay left out on their way to here, so far. */
  leftOut(packets: number): void;
  /** `roundTripUs`: the shortest, to which the offset belongs; `lastUs`: the last one. */
  clock(offsetUs: number, roundTripUs: number, lastUs: number): void;
  /** A token to keep; the one before is good until `kept`. */
  token(token: string): void;
  /** Lines that have not come back yet. */
  unsaid(lines: readonly Unsaid[]): void;
}

/** This machine's clock in µs, the same in every thread of the page. */
export const localUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000);

export class Session {
  readonly clock = new RelayClock();
  talking = false;
  hidden = false;
  readonly #origin: string;
  readonly #events: SessionEvents;
  #entry: Entry;
  #seat: Seat | null;
  #ticket: string | null;
  readonly #outbox: Outbox;
  #refusedResumes = 0;
  #id: number | null = null;
  #socket: WebSocket | null = null;
  #gate: UplinkGate | null = null;
  #arrivals = new ArrivalReport();
  readonly #gaps = new SequenceGaps();
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

  /** `origin` is the relay's, with http or https. */
  constructor(origin: string, entry: Entry, start: Start, events: SessionEvents) {
    this.#origin = origin;
    this.#entry = entry;
    this.#seat = start.seat;
    this.#ticket = start.ticket;
    this.#outbox = new Outbox(start.unsaid);
    this.#events = events;
  }

  start(): void {
    this.#events.link({ state: 'connecting' });
    this.#look = setInterval(() => this.#watch(), LOOK_MS);
    this.#connect();
  }

  /** Leaves. Done when the relay knows, or cannot be told: a thread that ends sooner takes the farewell with it. */
  stop(): Promise<void> {
    this.#stopped = true;
    if (this.#look !== null) clearInterval(this.#look);
    if (this.#retry !== null) clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#drop(1000);
    return new Promise((resolve) => {
      if (socket === null) resolve();
      else socket.onclose = () => resolve();
    });
  }

  /** Gives this seat up for another one with that role; stays, and gives why, if there is none. */
  async become(role: Entry['role']): Promise<Refusal | null> {
    const entry = { ...this.#entry, role };
    const answer = await askForTicket(this.#origin, entry);
    if (this.#stopped) return null;
    if (answer === 'no_answer') return { code: 'no_answer', message: '', retryS: null };
    if ('refusal' in answer) return answer.refusal;
    this.#entry = entry;
    this.#seat = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#drop(1000);
    this.#events.link({ state: 'connecting' });
    this.#open({ ticket: answer.ticket });
    return null;
  }

  /** Has another name and colour, now and after each way back. */
  identify(name: string, colour: number | null): void {
    this.#entry = { ...this.#entry, name, colour };
    this.#sayIdentity();
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

  /** Says a line to the room, now or when there is a way. */
  chat(text: string): void {
    this.#sayLine(this.#outbox.add(text));
    this.#events.unsaid(this.#outbox.lines);
  }

  /** The last token is kept. */
  kept(): void {
    this.say({ type: 'resume_received' });
  }

  #sayIdentity(): void {
    const { name, colour } = this.#entry;
    this.say({ type: 'identity', name, colour: colour ?? undefined });
  }

  #sayLine({ echo, text }: Unsaid): void {
    this.say({ type: 'chat', text, echo });
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

  /** Of what is sent from now on, until the next welcome, which says the room's. */
  set bitrate(bitrate: number) {
    if (this.#gate !== null) this.#gate.bitrate = bitrate;
  }

  /** Whether audio sent now would get through while it is fresh. */
  get takesAudio(): boolean {
    return this.welcomed && this.#gate!.open(performance.now(), this.#socket!.bufferedAmount);
  }

  #connect(): void {
    this.#retry = null;
    if (this.#seat !== null) this.#open({ resume: this.#seat.token, after: String(this.#seat.after) });
    else void this.#enter();
  }

  /** With the ticket there is, which may have grown too old, then with others. */
  async #enter(): Promise<void> {
    const ticket = this.#ticket;
    this.#ticket = null;
    const answer = ticket !== null ? { ticket } : await askForTicket(this.#origin, this.#entry);
    if (this.#stopped || this.#socket !== null) return;
    if (answer === 'no_answer') this.#lost();
    else if ('ticket' in answer) this.#open({ ticket: answer.ticket });
    else if (this.#id !== null && passes(answer.refusal.code)) this.#lost();
    else this.#end(answer.refusal);
  }

  #open(query: Record<string, string>): void {
    this.#retry = null;
    this.#goodbye = null;
    const url = `${this.#origin.replace(/^http/, 'ws')}/ws?${new URLSearchParams(query)}`;
    const socket = new WebSocket(url, SUBPROTOCOL);
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
      if (this.#gaps.came(packet.sequence)) this.#events.leftOut(this.#gaps.packets);
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
      case 'resume':
        if (this.#seat !== null) this.#seat = { ...this.#seat, token: message.token };
        this.#events.token(message.token);
        break;
      case 'chat':
      case 'notification':
        if (message.type === 'chat' && message.id === this.#id && message.echo !== null) this.#came(message.echo);
        if (this.#isNew(message.message)) this.#events.message(message);
        break;
      case 'error':
        if (message.code === 'bad_message' || message.code === 'too_big') this.#refused(message.code);
        this.#events.message(message);
        break;
      default:
        this.#events.message(message);
    }
  }

  #came(echo: number): void {
    this.#outbox.came(echo);
    this.#events.unsaid(this.#outbox.lines);
  }

  /** All else that a page says is well-formed: it was a line, and saying it again would not help. */
  #refused(code: 'bad_message' | 'too_big'): void {
    this.#outbox.refused(code === 'too_big' ? isTooBig : isBad);
    this.#events.unsaid(this.#outbox.lines);
  }

  /** What is replayed may have come already. */
  #isNew(number: number): boolean {
    if (this.#seat === null || number <= this.#seat.after) return false;
    this.#seat = { ...this.#seat, after: number };
    return true;
  }

  #welcome(message: Welcome): void {
    this.#gate = new UplinkGate(message.bitrate, message.ptimeMs);
    this.clock.begin(message.boot);
    this.#arrivals = new ArrivalReport();
    this.#gaps.begin();
    this.#timestamps = new Unwrapper(32);
    // A new seat has missed nothing.
    this.#seat = { token: message.resume, after: message.resumed ? (this.#seat?.after ?? 0) : 0 };
    this.#id = message.id;
    this.#refusedResumes = 0;
    this.#attempt = 0;
    this.#pings = 0;
    this.#lastPingMs = 0;
    this.#events.link({ state: 'open' });
    this.#events.welcome(message);
    this.#events.message(message);
    this.#events.token(message.resume);
    if (this.#isOtherwise(message)) this.#sayIdentity();
    for (const line of this.#outbox.welcomed(message.echo, message.resumed)) this.#sayLine(line);
    this.#events.unsaid(this.#outbox.lines);
    this.#ping();
  }

  /** What was said last on the old socket may not have come, and a new seat has a colour of the relay's choice. */
  #isOtherwise({ id, participants }: Welcome): boolean {
    const own = participants.find((p) => p.id === id);
    const { name, colour } = this.#entry;
    return own !== undefined && (own.name !== name || own.colour !== (colour ?? own.colour));
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
    const what = verdict(code, this.#goodbye);
    if (what !== 'return') {
      this.#end({ code: what, message: this.#goodbye?.reason || reason, retryS: null });
    } else if (welcomed || this.#seat === null) {
      this.#lost();
    } else {
      void this.#resumeFailed();
    }
  }

  /** A browser does not say why a socket was refused. */
  async #resumeFailed(): Promise<void> {
    if (await relayAnswers(this.#origin)) this.#refusedResumes += 1;
    if (this.#stopped || this.#socket !== null) return;
    if (this.#refusedResumes >= RESUMES) this.#seat = null;
    this.#lost();
  }

  #lost(): void {
    if (this.#stopped) return;
    const retryMs = pauseMs(this.#attempt, Math.random());
    this.#events.link({ state: 'lost', attempt: this.#attempt, retryMs });
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), retryMs);
  }

  #end(why: Refusal): void {
    void this.stop();
    this.#events.link({ state: 'ended', why });
  }

  #drop(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#gate = null;
    if (socket === null) return;
    // What still comes until the relay answers is for nobody.
    socket.onmessage = null;
    socket.close(code);
  }
}
