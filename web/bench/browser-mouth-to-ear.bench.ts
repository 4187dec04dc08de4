// From a sound in a room to the same sound out of a page's speaker in that room, through two Chromium pages and the
// relay; and the same through WebRTC. Figures as JSON where BENCH_JSON says, of which `report` in `benches` makes a page;
// BENCH_CASES and BENCH_CHIRPS make it shorter, and BENCH_MICROPHONE compares what is done to the microphone.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { delays, percentile, room } from '../e2e/support/chirps.ts';
import { launch } from '../e2e/support/chromium.ts';
import { temporaryFolder } from '../e2e/support/process.ts';
import { Speaker } from '../e2e/support/pulse.ts';
import { Relay } from '../e2e/support/relay.ts';
import { writeWav } from '../e2e/support/sound.ts';
import { type Look, lanline, type Pair } from './lanline.ts';
import { MICROPHONES, type Microphone, type MicrophoneName, microphoneNamed } from './microphone.ts';
import { webrtc } from './webrtc.ts';

interface Case {
  name: string;
  flags: string[];
  microphone: MicrophoneName;
  connect: (browser: Awaited<ReturnType<typeof launch>>, relay: Relay, microphone: Microphone) => Promise<Pair>;
}

/** The page says its delay all the time; it is asked this often. */
const SHOWN_EVERY_MS = 1_000;
const CHIRPS = Number(process.env.BENCH_CHIRPS ?? 66);
const CASES: Case[] = [
  { name: 'lanline-10ms', flags: ['--room-ptime', '10'], microphone: 'gain', connect: lanline },
  { name: 'lanline-20ms', flags: [], microphone: 'gain', connect: lanline },
  { name: 'lanline-20ms-processing', flags: [], microphone: 'processed', connect: lanline },
  { name: 'webrtc-tuned', flags: [], microphone: 'gain', connect: (b, r, m) => webrtc(b, r, m, true) },
  { name: 'webrtc-default', flags: [], microphone: 'gain', connect: (b, r, m) => webrtc(b, r, m, false) },
];
/** To compare settings: this one in all cases. */
const forced = microphoneNamed(process.env.BENCH_MICROPHONE);
const wanted = process.env.BENCH_CASES?.split(',');
const cases = CASES.filter(({ name }) => wanted?.includes(name) ?? true);
/** As `benches/src/browser.rs` reads it. */
interface Measured {
  name: string;
  microphone: MicrophoneName;
  figures: Record<string, number>;
  /** Medians; null where nobody says. */
  stages: Record<string, number> | null;
  delays: { at_s: number; ms: number }[];
  looks: { at_s: number; shown_ms: number; target_ms: number; level_ms: number; stages: Record<string, number> }[];
}
const measured: Measured[] = [];
const conditions = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  kernel: `Linux ${release()}`,
  load_average: loadavg()
    .map((load) => load.toFixed(2))
    .join(' '),
  commit: said('git', 'rev-parse', '--short', 'HEAD'),
  rustc: said('rustc', '--version'),
  browser: said(process.env.CHROMIUM ?? '/usr/bin/chromium', '--version'),
  date: new Date().toISOString(),
  command: [...settings(), 'npm --prefix web run bench'].join(' '),
};

test.each(cases)('$name', async ({ name, flags, microphone, connect }) => {
  const folder = temporaryFolder();
  const relay = await Relay.start(flags);
  const speaker = await Speaker.start({ room: true });
  const browser = await launch({ access: 'real' }, speaker.env);
  try {
    const played = room(CHIRPS);
    const file = join(folder.path, 'room.wav');
    writeWav(file, played.samples);
    const pair = await connect(browser, relay, MICROPHONES[forced ?? microphone]);
    const recording = await speaker.record();
    const begun = Date.now();
    const underrunsBefore = await pair.underruns();
    const looks: (Look & { atS: number })[] = [];
    const look = setInterval(async () => {
      const seen = await pair.look();
      if (seen !== null) looks.push({ ...seen, atS: (Date.now() - begun) / 1000 });
    }, SHOWN_EVERY_MS);
    await speaker.play(file).succeeded();
    clearInterval(look);
    const minutes = (Date.now() - begun) / 60_000;
    const underruns = (await pair.underruns()) - underrunsBefore;
    const found = delays(await recording.stop());
    await pair.close();
    const ms = found.map((delay) => delay.ms);
    const figures: Record<string, number> = {
      p50_ms: percentile(ms, 0.5),
      p95_ms: percentile(ms, 0.95),
      count: found.length,
      underruns_per_minute: underruns / minutes,
    };
    const median = (of: (look: Look) => number) => percentile(looks.map(of), 0.5);
    if (looks.length > 0) figures.shown_p50_ms = median(({ shownMs }) => shownMs);
    const names = Object.keys(looks.at(-1)?.stages ?? {});
    const stages =
      looks.length === 0 ? null : Object.fromEntries(names.map((name) => [name, median((look) => look.stages[name]!)]));
    for (const figure of Object.keys(figures)) figures[figure] = Math.round(figures[figure]! * 10) / 10;
    console.log(name, JSON.stringify(figures), JSON.stringify(stages), `load ${loadavg()[0]!.toFixed(1)}`);
    if (process.env.BENCH_ALL === '1') console.log(ms.map(Math.round).join(' '));
    expect(found.length).toBeGreaterThanOrEqual(0.9 * CHIRPS);
    measured.push({
      name,
      microphone: forced ?? microphone,
      figures,
      stages,
      delays: found.map((delay) => ({ at_s: rounded(delay.atS), ms: rounded(delay.ms) })),
      looks: looks.map((each) => ({
        at_s: rounded(each.atS),
        shown_ms: each.shownMs,
        target_ms: each.targetMs,
        level_ms: each.levelMs,
        stages: each.stages,
      })),
    });
  } finally {
    await browser.close();
    await speaker.close();
    await relay.close();
    folder.remove();
  }
});

afterAll(() => {
  const path = process.env.BENCH_JSON;
  if (path === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ bench: 'browser_mouth_to_ear', conditions, cases: measured }, null, 2)}\n`);
});

/** What the environment asks of the run. */
function settings(): string[] {
  const all = ['BENCH_CASES', 'BENCH_CHIRPS', 'BENCH_MICROPHONE'].map((name) => [name, process.env[name]] as const);
  return all.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** What a program answers in one line; empty where it does not. */
function said(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
