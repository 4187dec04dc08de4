// What a jitter buffer tells of itself.

export interface JitterStats {
  received: number;
  /** Came after their time, or were thrown away to catch up. */
  discarded: number;
  undecodable: number;
  concealedSamples: number;
  acceleratedSamples: number;
  expandedSamples: number;
  /** Times that a packet was due and not there. */
  underruns: number;
  /** Wanted and actual delay over the fastest packet. */
  targetUs: number;
  levelUs: number;
}

export const nothingYet = (): JitterStats => ({
  received: 0,
  discarded: 0,
  undecodable: 0,
  concealedSamples: 0,
  acceleratedSamples: 0,
  expandedSamples: 0,
  underruns: 0,
  targetUs: 0,
  levelUs: 0,
});
