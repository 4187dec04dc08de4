// Tests put their session before the rest of the machine (`comeFirst`); afterwards it is as it was.

import { readFileSync, writeFileSync } from 'node:fs';

const AUTOGROUP = '/proc/self/autogroup';

export function setup(): (() => void) | undefined {
  try {
    const [, nice = '0'] = /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'latin1')) ?? [];
    return () => writeFileSync(AUTOGROUP, nice);
  } catch {
    // Another system, or a Linux without.
    return undefined;
  }
}
