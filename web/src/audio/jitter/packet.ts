/** A packet on its way to the ear, times unwrapped. */
export interface Packet {
  /** Media time of the first sample. */
  timestamp: number;
  epoch: number;
  marker: boolean;
  end: boolean;
  prime: boolean;
  crossFade: boolean;
  /** Late by intent: stays out of the arrival statistics. */
  preRoll: boolean;
  /** Relay clock, µs modulo 2³²; 0 is unknown. */
  captureUs: number;
  gainHalfDb: number;
  /** How long the relay has had it, µs; null is unknown. */
  heldUs: number | null;
  payload: Uint8Array;
}
