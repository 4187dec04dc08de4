// A level as a bar. −60 dBov is nothing, 0 is all; set through the style object, which the content security policy allows.

import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export const levelShare = (level: number): number => Math.max(0, Math.min(1, 1 - level / 60));

export function Level({ of }: { of: ReadonlySignal<number> }) {
  return <span ref={useLevel(of)} class="level" aria-hidden="true" />;
}

/** An element whose `--level` follows a level. */
export function useLevel<T extends HTMLElement>(of: ReadonlySignal<number>) {
  const element = useRef<T>(null);
  useEffect(
    () => of.subscribe((level) => element.current?.style.setProperty('--level', levelShare(level).toFixed(2))),
    [of],
  );
  return element;
}
