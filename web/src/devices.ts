// The microphones and speakers that there are, and when that changes. Browsers tell their names once a microphone was allowed.

import { signal } from '@preact/signals';

export const inputs = signal<readonly MediaDeviceInfo[]>([]);
export const outputs = signal<readonly MediaDeviceInfo[]>([]);

/** A headset that connects announces several devices one after the other. */
const SETTLE_MS = 300;

/** Looks now and whenever the system says so, until the result is called. */
export function watchDevices(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void lookForDevices(), SETTLE_MS);
  };
  const { mediaDevices } = navigator;
  mediaDevices?.addEventListener?.('devicechange', changed);
  void lookForDevices();
  return () => {
    clearTimeout(timer);
    mediaDevices?.removeEventListener?.('devicechange', changed);
  };
}

export async function lookForDevices(): Promise<void> {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const known = (kind: MediaDeviceKind) => devices.filter((d) => d.kind === kind && d.deviceId !== '');
  inputs.value = known('audioinput');
  outputs.value = known('audiooutput');
}

type Output = Pick<MediaDeviceInfo, 'deviceId' | 'groupId'>;

/** Chromium's name for whichever device the system prefers; its group says which one that is. */
const PREFERRED = 'default';

/** Whether what plays plays elsewhere now: on the chosen speaker, or where the system likes. */
export function movesSound(before: readonly Output[], after: readonly Output[], speakerId: string): boolean {
  // Until a microphone was allowed nothing is told of any device.
  if (before.length === 0 || after.length === 0) return false;
  const place = (all: readonly Output[]) =>
    all.find(({ deviceId }) => deviceId === speakerId) ?? all.find(({ deviceId }) => deviceId === PREFERRED);
  const [was, is] = [place(before), place(after)];
  // Where the preferred one is not told, any other device may be it.
  if (was === undefined || is === undefined) return ids(before) !== ids(after);
  return was.deviceId !== is.deviceId || was.groupId !== is.groupId;
}

const ids = (all: readonly Output[]): string => all.map(({ deviceId }) => deviceId).join();

/** Whether this browser lets a page choose where its sound goes. */
export const choosesSpeaker = (): boolean => 'setSinkId' in AudioContext.prototype;
