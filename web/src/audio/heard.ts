// When a sample that a playback context renders leaves the loudspeaker, as far as its browser tells.

/** WebKit's output timestamp is about a second off. */
const APART_MS = 300;

type Output = Pick<AudioContext, 'sampleRate' | 'currentTime' | 'baseLatency' | 'outputLatency' | 'getOutputTimestamp'>;

/**
 * From now until `frame` of the context is heard. Chromium's output timestamp pairs what leaves the device with an instant;
 * its latency and `currentTime` do not say how much of a device's buffer has been rendered, and are off by the most of one.
 */
export function heardInMs(context: Output, frame: number, nowMs: number, mayAsk: boolean): number {
  const atS = frame / context.sampleRate;
  const latencyS = (mayAsk ? context.outputLatency : 0) || context.baseLatency || 0;
  const roughMs = (atS - context.currentTime + latencyS) * 1000;
  if (!mayAsk) return roughMs;
  const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp();
  const ms = performanceTime + (atS - contextTime) * 1000 - nowMs;
  return contextTime > 0 && Math.abs(ms - roughMs) < APART_MS ? ms : roughMs;
}
