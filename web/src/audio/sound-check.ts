// A try of microphone and speaker before anybody else hears it. Nothing of it leaves the page.

import { begun } from './begun.ts';
import { askForMicrophone, type Processing } from './capture.ts';
import { audioLevel } from './level.ts';
import { playThrough } from './speaker.ts';

const LOOK_MS = 100;
const RECORD_MS = 3_000;
const SAMPLES = 4_096;
/** Two notes that a small speaker plays well. */
const NOTES_HZ = [660, 880];
const NOTE_S = 0.25;

export class SoundCheck {
  readonly #stream: MediaStream;
  readonly #context: AudioContext;
  readonly #timer: ReturnType<typeof setInterval>;
  #stopped = false;

  private constructor(stream: MediaStream, context: AudioContext, tell: (level: number) => void, gone: () => void) {
    this.#stream = stream;
    for (const track of stream.getTracks()) track.onended = gone;
    this.#context = context;
    const analyser = new AnalyserNode(context, { fftSize: SAMPLES });
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(SAMPLES);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      tell(audioLevel(samples));
    }, LOOK_MS);
  }

  /**
   * `tell` gets the microphone's level, −dBov, ten times a second; `gone` is called when it goes away by itself. Throws a
   * `CaptureError` where there is none.
   */
  static async start(processing: Processing, tell: (level: number) => void, gone: () => void): Promise<SoundCheck> {
    const context = new AudioContext();
    let stream: MediaStream | null = null;
    try {
      stream = await askForMicrophone(processing);
      await begun(context.resume());
      return new SoundCheck(stream, context, tell, gone);
    } catch (error) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      void context.close();
      throw error;
    }
  }

  /** Records for three seconds; what comes out plays it on a speaker, and says when it is over. */
  async record(): Promise<(speakerId: string) => Promise<void>> {
    const recorder = new MediaRecorder(this.#stream);
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const ended = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.start();
    setTimeout(() => recorder.state === 'recording' && recorder.stop(), RECORD_MS);
    await ended;
    const recording = new Blob(parts, { type: recorder.mimeType });
    return (speakerId) => (this.#stopped ? Promise.resolve() : play(recording, speakerId));
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const track of this.#stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    void this.#context.close();
  }
}

async function play(recording: Blob, speakerId: string): Promise<void> {
  const url = URL.createObjectURL(recording);
  const audio = new Audio(url);
  const over = new Promise((resolve) => {
    audio.onended = resolve;
    audio.onerror = resolve;
  });
  try {
    await playThrough(audio, speakerId);
    await audio.play();
    await over;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A short sound out of a speaker, as loud as speech. */
export async function playSound(volume: number, speakerId: string): Promise<void> {
  const context = new AudioContext();
  await playThrough(context, speakerId);
  await context.resume();
  const gain = new GainNode(context, { gain: 0 });
  gain.connect(context.destination);
  const begin = context.currentTime + 0.05;
  let ended: Promise<unknown> = Promise.resolve();
  NOTES_HZ.forEach((frequency, n) => {
    const from = begin + n * NOTE_S;
    const note = new OscillatorNode(context, { frequency });
    note.connect(gain);
    note.start(from);
    note.stop(from + NOTE_S);
    gain.gain.setTargetAtTime(0.3 * volume, from, 0.01);
    gain.gain.setTargetAtTime(0, from + NOTE_S - 0.08, 0.02);
    ended = new Promise((resolve) => {
      note.onended = resolve;
    });
  });
  await ended;
  await context.close();
}
