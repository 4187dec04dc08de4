// From the playout's reports to the delay on the screen: the whole, its stages, its last minute; and whose link is weak, or
// that this device is slow.

import { batch } from '@preact/signals';
import { DelayMeter } from './audio/delay.ts';
import { heardInMs } from './audio/heard.ts';
import type { PlayoutReport } from './audio/playout.ts';
import { LOOK_AHEAD_US, samplesToMs } from './audio/units.ts';
import { concealedIn, DelayHistory, judge, type Verdict } from './ui/delay-history.ts';
import { blend, type Stages, split, sum } from './ui/stages.ts';
import * as store from './ui/store.ts';
import { GrowthSign, WeakLinks } from './ui/weak-links.ts';

/** Of a new figure in the shown one; reports come ten times a second. */
const SHARE = 0.25;
/** What was heard longer ago says nothing of now. */
const SILENCE_MS = 10_000;

export class DelayWatch {
  readonly #meter = new DelayMeter();
  readonly #history = new DelayHistory();
  readonly #weakLinks = new WeakLinks();
  readonly #slowDevice = new GrowthSign();
  /** As shown, of what was heard last. */
  #stages: Stages | null = null;
  #heardAtMs = 0;
  /** What the microphone of who was heard last costs, as they say. */
  #microphoneMs: number | null = null;
  /** On the delay of what is heard now; null while nothing is. */
  #verdict: Verdict | null = null;
  #shortestTripMs = 0;
  #packetMs = 0;

  constructor() {
    batch(() => {
      store.delayMs.value = null;
      store.delayVerdict.value = 'good';
      store.delaySamples.value = [];
      store.concealedMs.value = 0;
      store.roundTripMs.value = 0;
      store.uplink.value = { lagMs: 0, withheld: 0, overdue: 0 };
      store.leftOut.value = 0;
      store.weakLinks.value = [];
      store.slowDevice.value = false;
    });
  }

  learnClock(offsetUs: number, shortestUs: number, lastUs: number): void {
    this.#meter.learnClock(offsetUs);
    this.#shortestTripMs = shortestUs / 1000;
    store.roundTripMs.value = lastUs / 1000;
    this.#lookAtSilence();
    this.#lookAtLinks();
  }

  /** What the way from microphone to socket costs, and what it held back. */
  learnUplink(uplink: typeof store.uplink.value): void {
    store.uplink.value = uplink;
    this.#lookAtLinks();
  }

  /** In this room a packet holds so much. */
  learnPacketTime(ptimeMs: number): void {
    this.#packetMs = ptimeMs + LOOK_AHEAD_US / 1000;
  }

  /** The socket is gone, and with it what was known of the way. */
  reset(): void {
    this.#meter.reset();
    this.#forget();
    this.#verdict = null;
    this.#lookAtLinks();
  }

  /** Nothing is played for now. */
  rest(): void {
    this.#verdict = null;
    batch(() => {
      store.heardLevel.value = 127;
      store.heardAgeMs.value = null;
      this.#lookAtLinks();
    });
  }

  report(context: AudioContext, { stats, captureUs, heldUs, waitedUs, frame, level }: PlayoutReport): void {
    const deviceMs = heardInMs(context, frame, performance.now(), !ASKING_HANGS);
    const nowMs = localMs();
    const totalMs = this.#meter.heard(captureUs, (nowMs + deviceMs) * 1000);
    this.#learnMicrophone();
    if (totalMs !== null) {
      this.#heardAtMs = nowMs;
      // All of one instant, or the stages would not be those of the whole.
      const stages = split({
        totalMs,
        captureMs: this.#microphoneMs,
        packetMs: this.#packetMs,
        bufferedMs: ((heldUs ?? 0) - waitedUs) / 1000,
        waitedMs: waitedUs / 1000,
        roundTripMs: this.#shortestTripMs,
        jitterMs: stats.levelUs / 1000,
        deviceMs,
      });
      this.#stages = this.#stages === null ? stages : blend(this.#stages, stages, SHARE);
    }
    this.#lookAtSilence();
    const shown = this.#stages;
    batch(() => {
      store.playout.value = stats;
      store.heardLevel.value = level;
      store.delayMs.value = shown === null ? null : Math.round(sum(shown));
      store.heardAgeMs.value = totalMs === null ? null : Math.round(totalMs);
      const heard = { stages: totalMs === null ? null : shown, level, targetMs: stats.targetUs / 1000 };
      const counts = {
        concealedMs: samplesToMs(stats.concealedSamples),
        late: stats.discarded,
        leftOut: store.leftOut.value,
      };
      if (this.#history.add(nowMs, heard, counts)) this.#show(heard.stages);
    });
  }

  /**
   * Whose capture time a mix of several carries nobody is told: what each of them has behind them is known, no more. Who has
   * stopped is still heard for a moment.
   */
  #learnMicrophone(): void {
    const told = store.others.value.filter((p) => p.talking).map((p) => p.microphoneMs);
    if (told.length > 0) this.#microphoneMs = told.includes(null) ? null : Math.min(...(told as number[]));
  }

  #show(heard: Stages | null): void {
    store.delaySamples.value = [...this.#history.samples];
    store.concealedMs.value = concealedIn(this.#history.samples);
    this.#verdict = heard === null ? null : judge(heard, store.roundTripMs.value);
    if (this.#verdict !== null) store.delayVerdict.value = this.#verdict;
    this.#lookAtLinks();
  }

  #lookAtSilence(): void {
    if (this.#stages !== null && localMs() - this.#heardAtMs > SILENCE_MS) this.#forget();
  }

  #forget(): void {
    this.#stages = null;
    store.delayMs.value = null;
  }

  /** With each thing learnt of a way: who hears nothing is told of their own link all the same. */
  #lookAtLinks(): void {
    const weak = this.#weakLinks.seen(localMs(), {
      ownId: store.roomState.value.ownId,
      withheld: store.uplink.value.withheld,
      roundTripMs: store.roundTripMs.value,
      talkers: store.others.value.filter((p) => p.talking).map((p) => p.id),
      verdict: this.#verdict,
    });
    // What is the same is not painted again.
    if (weak.join() !== store.weakLinks.value.join()) store.weakLinks.value = weak;
    store.slowDevice.value = this.#slowDevice.seen(localMs(), store.uplink.value.overdue);
  }
}

const localMs = (): number => performance.timeOrigin + performance.now();

/**
 * Firefox on Linux holds the lock of its audio graph while it asks PulseAudio, which waits for the graph's next block: it
 * hangs for good in about one of a hundred questions, and its output timestamp asks too.
 */
const ASKING_HANGS = /Linux.*Firefox\//.test(navigator.userAgent);
