// The sound on its way out: the playback context and its worklet, volume and speaker as chosen, and another context with
// a longer buffer while the device runs dry, or at another rate where the sound comes out of another device. Who is
// deafened needs none of it: the context rests meanwhile.

import { effect } from '@preact/signals';
import { begun } from './audio/begun.ts';
import { ClockGaps, type OutputStep, OutputSteps } from './audio/output-steps.ts';
import { type Playout, type PlayoutReport, startPlayout } from './audio/playout.ts';
import type { DelayWatch } from './delay-watch.ts';
import { movesSound, outputs } from './devices.ts';
import { Retry } from './retry.ts';
import * as settings from './ui/settings.ts';
import * as store from './ui/store.ts';
import { t } from './ui/words.ts';

/** Chromium only. */
interface PlaybackStats {
  underrunEvents: number;
}

/** Safari routes sound by what a page says it does; a page that only plays is not muted by the phone's silent switch. */
export function tellAudioSession(talks: boolean): void {
  const session = (navigator as { audioSession?: { type: string } }).audioSession;
  if (session !== undefined) session.type = talks ? 'play-and-record' : 'playback';
}

/** What was on its way is played by then, and none of it is left to be heard later. */
const REST_AFTER_MS = 1_000;
/** A context that does not wake within this time waits for a tap. */
const WAKES_WITHIN_MS = 500;

export class Output {
  readonly #delay: DelayWatch;
  readonly #steps = new OutputSteps();
  #context: AudioContext;
  #gaps = new ClockGaps();
  #opus: ArrayBuffer | null = null;
  #playout: Playout | null = null;
  /** For the one whose sound plays elsewhere by now. */
  readonly #retry = new Retry(() => this.tryAgain());
  #renewing = false;
  /** It plays elsewhere since the renewal that goes on began. */
  #renewAgain = false;
  #closed = false;
  #resting = false;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #endings: (() => void)[] = [];

  /** Inside a click, or the browser does not let it play. */
  constructor(delay: DelayWatch) {
    this.#delay = delay;
    this.#context = this.#newContext(this.#steps.hint);
  }

  /** Gives the port for packets. Throws a `CodecError` where the codec fails. */
  async start(opus: ArrayBuffer | null): Promise<MessagePort> {
    this.#opus = opus;
    const playout = await this.#newPlayout(this.#context);
    this.#playout = playout;
    // Whoever gets the port is heard, and so not before it plays where it should.
    await playout.setSpeaker(settings.speakerId.peek());
    if (this.#closed) playout.stop();
    else {
      if (store.deafened.value) this.#rest();
      this.#endings.push(
        effect(() => this.#follow()),
        this.#watchDevice(),
      );
    }
    // Made without a tap, after a reload: the browser may want one first.
    this.#showPaused();
    return playout.port;
  }

  /** Called with the port of another worklet, when one takes over. */
  onport: (port: MessagePort) => void = () => {};

  get running(): boolean {
    return this.#context.state === 'running';
  }

  async resume(): Promise<void> {
    if (!this.#resting) await this.#context.resume();
  }

  /** Something has changed, or the page is seen again: what failed may work now. */
  tryAgain(): void {
    if (this.#retry.failing && !this.#renewing) void this.#renew(null);
  }

  close(): void {
    this.#closed = true;
    this.#retry.end();
    for (const end of this.#endings) end();
    clearTimeout(this.#restTimer);
    if (this.#playout !== null) this.#playout.stop();
    else void this.#context.close();
    store.soundPaused.value = false;
  }

  #newContext(latencyHint: number): AudioContext {
    const context = new AudioContext({ latencyHint });
    context.onstatechange = () => {
      if (context === this.#context) this.#showPaused();
    };
    return context;
  }

  #newPlayout(context: AudioContext): Promise<Playout> {
    return startPlayout(context, this.#opus, (report) => {
      if (context === this.#context) this.#report(report);
    });
  }

  /** What is chosen on the screen is done at once. */
  #follow(): void {
    const deafened = store.deafened.value;
    this.#playout?.setVolume(deafened ? 0 : settings.volume.value);
    void this.#playout?.setSpeaker(settings.speakerId.value);
    clearTimeout(this.#restTimer);
    if (deafened && !this.#resting) this.#restTimer = setTimeout(() => this.#rest(), REST_AFTER_MS);
    else if (!deafened && this.#resting) this.#wake();
  }

  /** A context keeps the rate of the device it began with, and Firefox cancels echo only at that of the device. */
  #watchDevice(): () => void {
    let known = outputs.peek();
    return outputs.subscribe((now) => {
      if (movesSound(known, now, settings.speakerId.peek())) {
        this.#retry.end();
        void this.#renew(null);
      } else this.tryAgain();
      if (now.length > 0) known = now;
    });
  }

  #rest(): void {
    this.#resting = true;
    void this.#context.suspend();
    this.#delay.rest();
    this.#showPaused();
  }

  #wake(): void {
    this.#resting = false;
    // Its clock has stood still, but not because the device ran dry; nor was it steady.
    this.#gaps = new ClockGaps();
    this.#steps.take(null);
    this.#context.resume().catch(() => {});
    setTimeout(() => this.#showPaused(), WAKES_WITHIN_MS);
  }

  #showPaused(): void {
    store.soundPaused.value = !this.#closed && !this.#resting && !this.running;
  }

  #report(report: PlayoutReport): void {
    if (this.#resting) return;
    this.#delay.report(this.#context, report);
    const nowMs = performance.now();
    const { playbackStats } = this.#context as AudioContext & { playbackStats?: Partial<PlaybackStats> };
    this.#gaps.observe(nowMs, this.#context.currentTime * 1000);
    // A hidden page is throttled, and a paused context plays nothing: neither says anything of the device.
    if (document.hidden || !this.running || this.#renewing) return;
    const step = this.#steps.observe(nowMs, playbackStats?.underrunEvents ?? this.#gaps.count, report.captureUs === 0);
    if (step !== null) void this.#renew(step);
  }

  /** The old worklet plays on until the new one is there; what is between is concealed. */
  async #renew(step: OutputStep): Promise<void> {
    if (this.#renewing) {
      this.#renewAgain = true;
      return;
    }
    this.#renewing = true;
    const context = this.#newContext(this.#steps.hintAfter(step));
    try {
      const playout = await begun(this.#begin(context));
      if (this.#closed) {
        playout.stop();
        return;
      }
      this.#retry.end();
      this.#playout?.stop();
      this.#steps.take(step);
      this.#gaps = new ClockGaps();
      this.#context = context;
      this.#playout = playout;
      this.#follow();
      if (this.#resting) void context.suspend();
      this.#showPaused();
      this.onport(playout.port);
    } catch {
      // What plays goes on playing, and is looked at anew.
      this.#steps.take(null);
      void context.close();
      if (step === null && !this.#closed) this.#failed();
    } finally {
      this.#renewing = false;
      const again = this.#renewAgain && !this.#closed;
      this.#renewAgain = false;
      if (again) void this.#renew(null);
    }
  }

  #failed(): void {
    if (this.#retry.failed() !== 'given_up') return;
    store.showNotice('warning', t('outputStays'), `${t('triedAgain')} ${t('outputStaysText')}`);
  }

  /** Nobody is heard before it plays where it should. */
  async #begin(context: AudioContext): Promise<Playout> {
    const playout = await this.#newPlayout(context);
    await playout.setSpeaker(settings.speakerId.peek());
    await context.resume();
    return playout;
  }
}
