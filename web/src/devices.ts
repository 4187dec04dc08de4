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

/** Whether this browser lets a page choose where its sound goes. */
export const choosesSpeaker = (): boolean => 'setSinkId' in AudioContext.prototype;
