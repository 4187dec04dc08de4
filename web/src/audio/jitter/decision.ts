// What to do with the next packet: the decisions of relay/engine/src/jitter/decision.rs. All in microseconds.

/** Put signal in, to be safer. */
export const PREEMPTIVE_EXPAND = -1;
/** Nothing beyond decoding. */
export const NORMAL = 0;

/** Shorter than any period that can be taken out. */
const WORTH_REMOVING_US = 2_500;
/** This much under what is wanted is left alone. */
const TOLERANCE_US = 500;
/** A packet that is not there for its block is bridged: what is left over can be made this many times as long. */
const BRIDGE = 3;

/**
 * `levelUs` is how late the packet could have come, compared with the fastest, and still be in time; `leftoverUs` what
 * is decoded before it and still to be played; `recentUs` the level that the last second needed, at least the target;
 * `usualUs` how late packets are in most half seconds. The signal is pulled in blocks, and the level moves in steps of
 * one. Gives how much to take out at most, or one of the two above.
 */
export function decide(
  levelUs: number,
  leftoverUs: number,
  targetUs: number,
  recentUs: number,
  usualUs: number,
  blockUs: number,
): number {
  const bridgeUs = levelUs >= usualUs ? Math.min(leftoverUs * BRIDGE, blockUs) : 0;
  if (levelUs + bridgeUs < targetUs - TOLERANCE_US) return PREEMPTIVE_EXPAND;
  const excessUs = levelUs + leftoverUs - leastDelayUs(levelUs, recentUs - TOLERANCE_US, usualUs, blockUs);
  return excessUs >= WORTH_REMOVING_US ? excessUs : NORMAL;
}

/** The least delay with which a packet may be late by `lateUs`. */
function leastDelayUs(levelUs: number, lateUs: number, usualUs: number, blockUs: number): number {
  // Packets are decoded for whole blocks: the level moves in steps of one.
  const over = (levelUs - lateUs) % blockUs;
  const enoughUs = lateUs + (over < 0 ? over + blockUs : over);
  // A block less and a bridge do as well, where the bridge is not for every day.
  const bridgedUs = enoughUs - blockUs;
  return bridgedUs >= usualUs ? bridgedUs + Math.trunc(blockUs / BRIDGE) : enoughUs;
}
