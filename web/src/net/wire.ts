// Audio messages, version 1: the tables of relay/wire/PROTOCOL.md. Parsed once, here; what leaves is typed.

export const HEADER_BYTES = 16;
export const MAX_PAYLOAD_BYTES = 1275;

const KIND_UP = 0x01;
const KIND_DOWN = 0x02;
const HELD_STEP_US = 500;
/** Of the 16 bits of *held*, the lower ones are the wait for the tick. */
const WAIT_BITS = 6;
const NO_PAYLOAD = new Uint8Array(0);

/** A packet on its way up; times and counters are taken modulo their width. */
export interface UpPacket {
  marker: boolean;
  end: boolean;
  preRoll: boolean;
  muted: boolean;
  sequence: number;
  timestamp: number;
  /** Relay clock, µs modulo 2³²; 0 is unknown. */
  captureUs: number;
  /** −dBov, 0 (loudest) to 127. */
  level: number;
  payload: Uint8Array;
}

/** A packet on its way down. */
export interface DownPacket {
  marker: boolean;
  end: boolean;
  prime: boolean;
  crossFade: boolean;
  /** Forwarded pre-roll: late by intent. */
  preRoll: boolean;
  sequence: number;
  timestamp: number;
  captureUs: number;
  epoch: number;
  gainHalfDb: number;
  /** How long the relay has had it, µs; null is unknown. */
  heldUs: number | null;
  /** How much of that it waited for the tick of a mix. */
  waitedUs: number;
  payload: Uint8Array;
}

export type WireError = 'truncated' | 'unknown_kind' | 'undefined_flags' | 'empty_payload' | 'payload_too_long';

export function writeUp(packet: UpPacket): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + packet.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KIND_UP);
  view.setUint8(
    1,
    Number(packet.marker) | (Number(packet.end) << 1) | (Number(packet.preRoll) << 2) | (Number(packet.muted) << 3),
  );
  view.setUint16(2, packet.sequence & 0xffff);
  view.setUint32(4, packet.timestamp >>> 0);
  view.setUint32(8, packet.captureUs >>> 0);
  view.setUint8(12, Math.min(127, Math.max(0, packet.level)));
  bytes.set(packet.payload, HEADER_BYTES);
  return bytes;
}

/** `unknown_kind` is to be ignored, so that the protocol can grow; every other error is a broken relay. */
export function parseDown(bytes: Uint8Array): DownPacket | WireError {
  if (bytes.length === 0) return 'truncated';
  if (bytes[0] !== KIND_DOWN) return 'unknown_kind';
  if (bytes.length < HEADER_BYTES) return 'truncated';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(1);
  if (flags & ~0x1f) return 'undefined_flags';
  const held = view.getUint16(14);
  const [buffered, waited] = [held >> WAIT_BITS, held & ((1 << WAIT_BITS) - 1)];
  const end = (flags & 2) !== 0;
  const payload = bytes.length > HEADER_BYTES ? bytes.subarray(HEADER_BYTES) : NO_PAYLOAD;
  if (payload.length > MAX_PAYLOAD_BYTES) return 'payload_too_long';
  if (payload.length === 0 && !end) return 'empty_payload';
  return {
    marker: (flags & 1) !== 0,
    end,
    prime: (flags & 4) !== 0,
    crossFade: (flags & 8) !== 0,
    preRoll: (flags & 16) !== 0,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    captureUs: view.getUint32(8),
    epoch: view.getUint8(12),
    gainHalfDb: view.getInt8(13),
    heldUs: buffered === 0 ? null : (buffered - 1 + waited) * HELD_STEP_US,
    waitedUs: waited * HELD_STEP_US,
    payload,
  };
}
