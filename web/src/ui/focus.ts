// Where the focus goes when one screen takes the place of another; left alone it would be nowhere.

import { useEffect, useRef } from 'preact/hooks';
import type { Screen } from './store.ts';

let byKeyboard = false;

/** Somebody enters: by the keyboard, if what has the focus shows it. */
export function noteEntry(): void {
  byKeyboard = document.activeElement?.matches(':focus-visible') ?? false;
}

/** Who came in by keyboard is at the talk control, who left at the heading. A pointer leaves the space bar alone. */
export function useFocus(at: Screen['at']): void {
  const before = useRef(at);
  useEffect(() => {
    if (at === 'room' && byKeyboard) document.querySelector<HTMLElement>('.talk')?.focus();
    if (at === 'room') byKeyboard = false;
    if (at === 'join' && before.current === 'room') {
      const heading = document.querySelector('h1');
      heading?.setAttribute('tabindex', '-1');
      heading?.focus();
    }
    before.current = at;
  }, [at]);
}
