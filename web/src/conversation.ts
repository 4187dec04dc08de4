// One conversation: microphone, network worker and speaker wired together, and what happens put on the screen.

import { effect } from '@preact/signals';
import { CodecError } from './audio/playout.ts';
import { claim } from './claim.ts';
import { loadCodec } from './codec.ts';
import { DelayWatch } from './delay-watch.ts';
import { watchDevices } from './devices.ts';
import { forgetSeat, type KeptSeat, keepPin, keptSeat, keyOf, type Mode, pinOf } from './kept.ts';
import { GONE, Microphone } from './microphone.ts';
import type { FromWorker, Link, ToWorker } from './net/messages.ts';
import type { Start } from './net/session.ts';
import type { RelayMessage } from './net/text.ts';
import { askForTicket, type Entry, type Refusal } from './net/ticket.ts';
import NetWorker from './net/worker.ts?worker';
import { onChange } from './on-change.ts';
import { Output, tellAudioSession } from './output.ts';
import { PartMissing, watchStart } from './parts.ts';
import { SeatKeeper } from './seat-keeper.ts';
import { explainSilence } from './ui/explain.ts';
import { type Gain, toSay } from './ui/gains.ts';
import * as settings from './ui/settings.ts';
import * as store from './ui/store.ts';
import { t } from './ui/words.ts';
import { pageWasUpdated } from './update.ts';
import { WakeLock } from './wake-lock.ts';

let current: Conversation | null = null;

/** A first socket that failed this often is a relay out of reach, not a moment of bad luck. */
const UNREACHABLE_ATTEMPTS = 4;
/** And so is one that has let nobody in after this. */
const UNREACHABLE_MS = 10_000;

/** Joins from a click: the audio context has to be made inside it. `steal`: away from another tab. */
export function join(mode: Mode, { steal = false, pin }: { steal?: boolean; pin?: string } = {}): void {
  if (current !== null || store.room === null) return;
  if (!window.isSecureContext || typeof AudioWorkletNode === 'undefined') {
    fail(window.isSecureContext ? { kind: 'unsupported' } : { kind: 'insecure', port: location.port !== '' });
    return;
  }
  if (pin !== undefined) keepPin(store.room, pin);
  settings.set(settings.name, settings.name.value.trim());
  const seat = keptSeat(store.room, Date.now());
  begin(store.room, mode, seat?.mode === mode ? seat : null, steal);
}

/** A page that was reloaded goes back to where it was. */
export function comeBack(): void {
  const seat = store.room === null ? null : keptSeat(store.room, Date.now());
  if (seat !== null && current === null) begin(store.room!, seat.mode, seat, false);
}

function begin(room: string, mode: Mode, seat: KeptSeat | null, steal: boolean): void {
  store.mode.value = mode;
  if (seat !== null) {
    // Another tab may have left another name as the last one.
    settings.name.value = seat.name;
    settings.colour.value = seat.colour;
  }
  store.screen.value = { at: 'entering' };
  current = new Conversation(room, mode, seat);
  void current.enter(steal);
}

export function leave(): void {
  current?.close();
  current = null;
  if (store.room !== null) forgetSeat(store.room);
  store.screen.value = { at: 'join' };
}

export const sendChat = (text: string): void => current?.say(text);
export const resumeSound = (): void => void current?.resume();
export const turnOnMicrophone = (): void => void current?.turnOnMicrophone();
export const tryMicrophone = (): void => current?.tryMicrophone();
export const retryNow = (): void => current?.retryNow();

function fail(failure: store.Failure): void {
  current?.close();
  current = null;
  store.screen.value = { at: 'failed', failure };
}

class Conversation {
  readonly #room: string;
  readonly #entry: Entry;
  readonly #seat: KeptSeat | null;
  readonly #keeper: SeatKeeper;
  readonly #worker = new NetWorker();
  readonly #delay = new DelayWatch();
  readonly #output = new Output(this.#delay);
  readonly #microphone: Microphone;
  readonly #wakeLock = new WakeLock();
  readonly #endings: (() => void)[] = [];
  /** Gains the relay was told on this socket. */
  readonly #said = new Map<number, Gain>();
  #roleAnswered: (refusal: Refusal | null) => void = () => {};
  #welcomed = false;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(room: string, mode: Mode, seat: KeptSeat | null) {
    const pin = pinOf(room);
    const key = pin === null ? keyOf(room, location.hash) : null;
    this.#room = room;
    this.#seat = seat;
    this.#keeper = new SeatKeeper(room, seat);
    const role = mode === 'talk' ? 'talker' : 'listener';
    this.#entry = { room, ...settings.identity(), role, key, pin };
    this.#microphone = new Microphone(this.#tell);
    this.#output.onport = (playout) => this.#tell({ kind: 'playout', playout }, [playout]);
    watchStart(this.#worker, (missing) => {
      if (!this.#closed) fail({ kind: missing ? 'unreachable' : 'unsupported' });
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    document.addEventListener('visibilitychange', this.#visibility);
    document.addEventListener('pointerdown', this.#wake);
    window.addEventListener('online', this.retryNow);
    store.begin(seat);
  }

  async enter(steal: boolean): Promise<void> {
    const talks = store.mode.value === 'talk';
    tellAudioSession(talks);
    void this.#output.resume();
    const opus = loadCodec();
    opus.catch(() => {}); // Looked at below; until then a refused microphone may come first.
    if (!(await this.#claim(steal))) return;
    const start = await this.#wayIn();
    if (start === null) return;
    if (talks && !(await this.#openMicrophone())) return;
    store.microphone.value = talks ? 'on' : 'off';
    try {
      const binary = await opus;
      const playout = await this.#output.start(binary);
      if (this.#closed) return;
      const [entry, intent] = [this.#entry, store.intent.value];
      this.#tell({ kind: 'start', origin: location.origin, entry, start, opus: binary, playout, intent }, [playout]);
      this.#microphone.attach();
      this.#follow();
      this.#patience = setTimeout(() => fail({ kind: 'unreachable' }), UNREACHABLE_MS);
    } catch (error) {
      if (!this.#closed) fail({ kind: kindOf(error) });
    }
  }

  async turnOnMicrophone(): Promise<void> {
    store.microphone.value = 'starting';
    tellAudioSession(true);
    if (!(await this.#openMicrophone())) return;
    const refusal = store.mode.value === 'talk' ? null : await this.#become('talker');
    if (this.#closed) return;
    if (refusal !== null) {
      this.#microphone.drop();
      store.microphone.value = 'off';
      const { title, text, words } = explainSilence(refusal);
      store.showNotice('warning', t(title), text === null ? words : t(text));
      return;
    }
    store.mode.value = 'talk';
    this.#microphone.attach();
    store.setMuted(false);
    store.microphone.value = 'on';
  }

  tryMicrophone(): void {
    this.#microphone.seen();
  }

  say(text: string): void {
    this.#tell({ kind: 'chat', text });
  }

  resume(): Promise<void> {
    return this.#output.resume();
  }

  retryNow = (): void => this.#tell({ kind: 'retry' });

  close(): void {
    this.#closed = true;
    clearTimeout(this.#patience);
    this.#keeper.close();
    document.removeEventListener('visibilitychange', this.#visibility);
    document.removeEventListener('pointerdown', this.#wake);
    window.removeEventListener('online', this.retryNow);
    for (const end of this.#endings) end();
    this.#tell({ kind: 'stop' });
    this.#microphone.close();
    this.#output.close();
    this.#wakeLock.end();
  }

  async #claim(steal: boolean): Promise<boolean> {
    const how = steal ? 'steal' : this.#seat === null ? 'free' : 'wait';
    const release = await claim(this.#room, how, () => {
      if (!this.#closed) fail({ kind: 'elsewhere' });
    });
    if (release === null) fail({ kind: 'elsewhere' });
    else if (this.#closed) release();
    else this.#endings.push(release);
    return !this.#closed;
  }

  /** Asked before the microphone is: nobody allows that to be told then that they may not come in. */
  async #wayIn(): Promise<Start | null> {
    if (this.#seat !== null) {
      const { token, unsaid } = this.#seat;
      // The lines are gone with the page that showed them: all of them once more.
      return { seat: { token, after: 0 }, ticket: null, unsaid };
    }
    const answer = await askForTicket(location.origin, this.#entry);
    if (this.#closed) return null;
    if (answer !== 'no_answer' && 'refusal' in answer) {
      this.#refused(answer.refusal);
      return null;
    }
    return { seat: null, ticket: answer === 'no_answer' ? null : answer.ticket, unsaid: [] };
  }

  #become(role: Entry['role']): Promise<Refusal | null> {
    this.#tell({ kind: 'role', role });
    return new Promise((resolve) => {
      this.#roleAnswered = resolve;
    });
  }

  /** What is chosen on the screen is done at once. */
  #follow(): void {
    this.#endings.push(
      effect(() => this.#tell({ kind: 'intent', intent: store.intent.value })),
      effect(() => {
        for (const gain of toSay(store.others.value, store.gains.value, this.#said)) this.#tell(gain);
      }),
      onChange(() => store.gains.value, this.#keeper.keep),
      onChange(settings.identity, () => this.#tell({ kind: 'identity', ...settings.identity() })),
      watchDevices(),
    );
    this.#microphone.follow();
  }

  /** False where there is no microphone; the screen then says why. */
  async #openMicrophone(): Promise<boolean> {
    const failure = await this.#microphone.open();
    if (failure === null) return true;
    if (failure === 'late') return false;
    if (store.screen.value.at === 'room') {
      store.microphone.value = 'off';
      store.showNotice('warning', t('noMicrophone'), t(GONE[failure]));
    } else {
      fail(failure === 'unreachable' ? { kind: 'unreachable' } : { kind: 'microphone', failure });
    }
    return false;
  }

  #hear(data: FromWorker): void {
    switch (data.kind) {
      case 'link':
        this.#linkChanged(data.link);
        break;
      case 'message':
        this.#take(data.message);
        break;
      case 'token':
        this.#keeper.take(data.token);
        this.#tell({ kind: 'kept' });
        break;
      case 'unsaid':
        store.unsaid.value = data.unsaid;
        break;
      case 'role':
        this.#roleAnswered(data.refusal);
        break;
      case 'clock':
        this.#keeper.answered();
        this.#delay.learnClock(data.offsetUs, data.roundTripUs, data.lastUs);
        break;
      case 'uplink':
        store.ownLevel.value = data.level;
        this.#delay.learnUplink({ lagMs: Math.round(data.lagMs), withheld: data.withheld, overdue: data.overdue });
        store.ownSpeech.value = data.talking;
        break;
      case 'left_out':
        store.leftOut.value = data.packets;
        break;
      case 'codec_failed':
        fail({ kind: 'codec' });
        break;
    }
  }

  #take(message: RelayMessage): void {
    const numbered = message.type === 'chat' || message.type === 'notification';
    // What is said again after a reload was shown before it.
    const fresh = !numbered || message.message > this.#keeper.seen;
    if (numbered) this.#keeper.seen = Math.max(this.#keeper.seen, message.message);
    if (message.type === 'welcome') {
      this.#delay.learnPacketTime(message.ptimeMs);
      if (!message.resumed) this.#keeper.seen = 0;
      void this.#lookForUpdate();
    }
    store.take(message, fresh);
    if (message.type === 'notification' && fresh) {
      store.showNotice(message.severity, message.title, message.text);
    } else if (message.type === 'error') {
      store.showNotice('warning', t('refusedMessage'), message.message);
    } else if (message.type === 'muted' && message.byHost && message.muted && message.id === store.own.value?.id) {
      store.hostMuted();
    }
  }

  async #lookForUpdate(): Promise<void> {
    if (await pageWasUpdated()) store.updated.value = true;
  }

  #refused(why: Refusal): void {
    if (why.code === 'bad_pin') keepPin(this.#room, null);
    if (this.#welcomed) forgetSeat(this.#room);
    fail({ kind: 'refused', why });
  }

  /** Before, there is no room to show. */
  #arrived(): void {
    this.#welcomed = true;
    clearTimeout(this.#patience);
    store.screen.value = { at: 'room' };
    if (!store.echoCancelled.value) store.showNotice('warning', t('echo'), t('echoMissing'));
    void this.#wakeLock.keep();
  }

  #linkChanged(link: Link): void {
    store.link.value = link;
    if (link.state === 'open') {
      if (!this.#welcomed) this.#arrived();
      this.#said.clear();
    }
    if (link.state === 'ended') this.#refused(link.why);
    if (link.state !== 'lost') return;
    if (!this.#welcomed && link.attempt >= UNREACHABLE_ATTEMPTS) {
      fail({ kind: 'unreachable' });
      return;
    }
    this.#delay.reset();
    store.roomState.value = {
      ...store.roomState.value,
      participants: store.roomState.value.participants.map((p) => ({ ...p, talking: false })),
    };
  }

  #visibility = (): void => {
    this.#tell({ kind: 'hidden', hidden: document.hidden });
    if (document.hidden) return;
    void this.#wakeLock.keep();
    if (!this.#output.running) void this.resume();
    this.#output.tryAgain();
    this.#microphone.seen();
  };

  /** A context that was made without a tap, after a reload, plays from the next one. */
  #wake = (): void => {
    if (!this.#output.running) void this.resume();
  };

  #tell = (message: ToWorker, transfer: Transferable[] = []): void => {
    this.#worker.postMessage(message, transfer);
  };
}

function kindOf(error: unknown): 'codec' | 'unreachable' | 'unsupported' {
  if (error instanceof CodecError) return 'codec';
  return error instanceof PartMissing ? 'unreachable' : 'unsupported';
}
