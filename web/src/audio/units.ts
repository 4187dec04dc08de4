/** Media time counts samples at this rate, whatever the devices run at. */
export const SAMPLE_RATE = 48_000;
export const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** The longest packet time a room has; the page's audio path is built for 10 and 20 ms. */
export const MAX_PTIME_SAMPLES = 20 * SAMPLES_PER_MS;

export const samplesToMs = (samples: number): number => samples / SAMPLES_PER_MS;
export const msToSamples = (ms: number): number => Math.round(ms * SAMPLES_PER_MS);
/** What comes first out of a packet went in so much before it: RESTRICTED_LOWDELAY looks 2.5 ms ahead. */
export const LOOK_AHEAD_US = 2_500;
