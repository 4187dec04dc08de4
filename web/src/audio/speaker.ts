/** Not every browser lets a page choose where sound comes out. */
interface Routed {
  readonly sinkId?: unknown;
  setSinkId?(deviceId: string): Promise<void>;
}

/** Empty: where the system plays. A speaker that is gone is passed over. */
export async function playThrough(output: AudioContext | HTMLMediaElement, deviceId: string): Promise<void> {
  const routed = output as Routed;
  if ((routed.sinkId ?? '') !== deviceId) await routed.setSinkId?.(deviceId).catch(() => {});
}
