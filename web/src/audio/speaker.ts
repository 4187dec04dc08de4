import { begun } from './begun.ts';

/** Not every browser lets a page choose where sound comes out. */
interface Routed {
  readonly sinkId?: unknown;
  setSinkId?(deviceId: string): Promise<void>;
}

/** A choice waits for the one before it: until that is carried out the output names the speaker it is about to leave. */
const chosen = new WeakMap<object, Promise<void>>();

/** Empty: where the system plays. A speaker that is gone, or does not answer, is passed over. */
export function playThrough(output: AudioContext | HTMLMediaElement, deviceId: string): Promise<void> {
  const before = chosen.get(output) ?? Promise.resolve();
  const now = before.then(() => route(output as Routed, deviceId));
  chosen.set(output, now);
  return now;
}

async function route(output: Routed, deviceId: string): Promise<void> {
  if (output.setSinkId === undefined || (output.sinkId ?? '') === deviceId) return;
  await begun(output.setSinkId(deviceId)).catch(() => {});
}
