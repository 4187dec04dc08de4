// The network worker: owns socket and encoder. Blocks of the microphone come in on one port, packets for the playout
// worklet leave on another, and the page hears what happens.

import { Framer } from '../audio/framer.ts';
import { audioLevel } from '../audio/level.ts';
import { loadOpus, type Opus, type OpusEncoder, selfTest } from '../audio/opus.ts';
import { SpeechDetector } from '../audio/speech-detector.ts';
import { TrackReader } from '../audio/track-reader.ts';
import { SAMPLES_PER_MS } from '../audio/units.ts';
import { type Obstacle, Uplink } from '../audio/uplink.ts';
import type { CaptureBlock, FromWorker, Intent, ToPlayout, ToWorker } from './messages.ts';
import { MicrophoneReport } from './microphone-report.ts';
import { localUs, Session } from './session.ts';
import type { Welcome } from './text.ts';
import type { DownPacket } from './wire.ts';

/** The page is told the microphone's level ten times a second. */
const LEVEL_PERIOD_MS = 100;
/** What the worker comes to later than this after its capture is not sent: nothing old is ever played. */
const MAX_AGE_US = 250_000;

let session: Session | null = null;
let opus: Opus | null = null;
let encoder: OpusEncoder | null = null;
let uplink: Uplink | null = null;
let framer: Framer | null = null;
let welcome: Welcome | null = null;
let capture: { sampleRate: number; latencyUs: number } | null = null;
let reader: TrackReader | null = null;
let playout: MessagePort | null = null;
let intent: Intent = { muted: true, deafened: false, closed: false, continuous: false, bitrate: null };
let loudest = 127;
/** Packets not sent so far, by what kept them. */
const withheld: Record<Obstacle, number> = { link: 0, device: 0 };
let lagMs = 0;
const microphone = new MicrophoneReport();
let levelDueMs = 0;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'start':
      start(data);
      break;
    case 'capture':
      beginCapture(data);
      break;
    case 'capture_latency':
      if (capture !== null) capture.latencyUs = data.latencyUs;
      if (framer !== null) framer.latencyUs = data.latencyUs;
      break;
    case 'playout':
      playout = data.playout;
      if (welcome !== null) beginPlayout(welcome);
      break;
    case 'intent':
      follow(data.intent);
      break;
    case 'identity':
      session?.identify(data.name, data.colour);
      break;
    case 'gain':
      session?.say({ type: 'gain', participant: data.participant, db: data.db });
      break;
    case 'chat':
      session?.chat(data.text);
      break;
    case 'kept':
      session?.kept();
      break;
    case 'role':
      void session?.become(data.role).then((refusal) => tell({ kind: 'role', refusal }));
      break;
    case 'hidden':
      if (session !== null) session.hidden = data.hidden;
      if (!data.hidden) session?.retryNow();
      break;
    case 'retry':
      session?.retryNow();
      break;
    case 'stop':
      uplink?.mute(true);
      reader?.stop();
      if (session === null) self.close();
      else void session.stop().then(() => self.close());
      break;
  }
};

function start(data: Extract<ToWorker, { kind: 'start' }>): void {
  playout = data.playout;
  intent = data.intent;
  loadOpus(data.opus)
    .then((loaded) => {
      if (!selfTest(loaded)) throw new Error('the codec does not keep a tone');
      opus = loaded;
      beginUplink();
    })
    .catch(() => tell({ kind: 'codec_failed' }));
  session = new Session(data.origin, data.entry, data.start, {
    link: (link) => tell({ kind: 'link', link }),
    message: (message) => tell({ kind: 'message', message }),
    clock: (offsetUs, roundTripUs, lastUs) => tell({ kind: 'clock', offsetUs, roundTripUs, lastUs }),
    welcome: (message) => {
      welcome = message;
      beginPlayout(message);
      beginUplink();
      microphone.tellAgain();
      // A seat that was held remembers what it was told last.
      if (intent.muted || message.resumed) session!.say({ type: 'mute', muted: intent.muted });
      if (intent.deafened || message.resumed) session!.say({ type: 'deafen', deafened: intent.deafened });
    },
    token: (token) => tell({ kind: 'token', token }),
    unsaid: (unsaid) => tell({ kind: 'unsaid', unsaid }),
    packet: playPacket,
    leftOut: (packets) => tell({ kind: 'left_out', packets }),
  });
  session.start();
}

function follow(wanted: Intent): void {
  const before = intent;
  const wasSilent = silent();
  intent = wanted;
  // Muting forgets what a detector's decision still waits for: only where something changes.
  if (silent() !== wasSilent) uplink?.mute(silent());
  if (uplink !== null) uplink.continuous = wanted.continuous;
  if (wanted.bitrate !== before.bitrate) beginUplink();
  if (wanted.muted !== before.muted) session?.say({ type: 'mute', muted: wanted.muted });
  if (wanted.deafened !== before.deafened) session?.say({ type: 'deafen', deafened: wanted.deafened });
}

const silent = (): boolean => intent.muted || intent.closed;

function beginCapture({ feed, latencyUs }: Extract<ToWorker, { kind: 'capture' }>): void {
  reader?.stop();
  reader = null;
  capture = { sampleRate: 0, latencyUs };
  if (feed.via === 'track') {
    reader = new TrackReader(feed.stream, takeBlock);
  } else {
    feed.port.onmessage = ({ data: block }: MessageEvent<CaptureBlock>) => takeBlock(block, feed.sampleRate);
  }
}

/** Whenever session, codec or microphone is new, and all three are there. */
function beginUplink(): void {
  if (opus === null || welcome === null || capture === null || capture.sampleRate === 0) return;
  const ptimeSamples = welcome.ptimeMs * SAMPLES_PER_MS;
  const detector = new SpeechDetector();
  uplink?.mute(true);
  encoder?.free();
  const bitrate = intent.bitrate ?? welcome.bitrate;
  const fresh = opus.encoder(bitrate);
  session!.bitrate = bitrate;
  encoder = fresh;
  framer = new Framer(capture.sampleRate, ptimeSamples, capture.latencyUs, framer?.nextTimestamp ?? 0);
  uplink = new Uplink(ptimeSamples, {
    encode: (pcm) => fresh.encode(pcm),
    hears: (pcm) => detector.hears(pcm),
    captureStamp: (us) => session!.clock.captureStamp(us),
    send: (packet) => session!.send(packet),
    withheld: (by) => {
      withheld[by] += 1;
    },
  });
  uplink.continuous = intent.continuous;
  uplink.mute(silent());
}

function takeBlock(block: Float32Array, sampleRate: number): void {
  if (capture === null) return;
  if (sampleRate !== capture.sampleRate) {
    capture.sampleRate = sampleRate;
    beginUplink();
  }
  framer?.push(block, localUs(), (frame) => {
    if (uplink === null || session === null || !session.welcomed) return;
    const ageUs = localUs() - frame.capturedUs;
    // A thread that is behind says nothing of the link.
    uplink.take(frame, ageUs >= MAX_AGE_US ? 'device' : session.takesAudio ? null : 'link');
    lagMs = (ageUs - (frame.pcm.length / SAMPLES_PER_MS) * 1000) / 1000;
    const told = microphone.wrote(lagMs, performance.now());
    if (told !== null) session.say({ type: 'microphone', delay_ms: told });
    session.talking = uplink.talking;
    loudest = Math.min(loudest, audioLevel(frame.pcm));
  });
  if (uplink === null || performance.now() < levelDueMs) return;
  levelDueMs = performance.now() + LEVEL_PERIOD_MS;
  tell({
    kind: 'uplink',
    level: loudest,
    talking: uplink.talking,
    lagMs,
    withheld: withheld.link,
    overdue: withheld.device,
  });
  loudest = 127;
}

function beginPlayout({ ptimeMs }: Welcome): void {
  toPlayout({ kind: 'begin', ptimeSamples: ptimeMs * SAMPLES_PER_MS });
}

function playPacket(packet: DownPacket, timestamp: number): void {
  const { sequence: _, waitedUs, ...fields } = packet;
  toPlayout({ kind: 'packet', packet: { ...fields, timestamp }, waitedUs }, packet.payload.buffer as ArrayBuffer);
}

function toPlayout(message: ToPlayout, buffer?: ArrayBuffer): void {
  playout?.postMessage(message, buffer === undefined || buffer.byteLength === 0 ? [] : [buffer]);
}

function tell(message: FromWorker): void {
  self.postMessage(message);
}
