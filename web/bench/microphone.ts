// What browsers do to a microphone, as each case asks for it.

export interface Microphone {
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
}

const UNTOUCHED: Microphone = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** `gain`: what Chromium processes comes in blocks of 10 ms instead of a device buffer, and this costs nothing else. */
export const MICROPHONES = {
  untouched: UNTOUCHED,
  gain: { ...UNTOUCHED, autoGainControl: true },
  processed: { ...UNTOUCHED, echoCancellation: true, noiseSuppression: true },
};

export type MicrophoneName = keyof typeof MICROPHONES;

/** Throws where there is a name and it is none of these. */
export function microphoneNamed(name: string | undefined): MicrophoneName | undefined {
  if (name === undefined || Object.hasOwn(MICROPHONES, name)) return name as MicrophoneName | undefined;
  throw new Error(`BENCH_MICROPHONE is one of ${Object.keys(MICROPHONES).join(', ')}, not ${name}`);
}
