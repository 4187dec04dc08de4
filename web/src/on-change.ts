import { effect } from '@preact/signals';

/** Calls `act` when the value of `of` is another one, by its content; not for the first. Undefined is no value yet. */
export function onChange(of: () => unknown, act: () => void): () => void {
  let before: string | undefined;
  return effect(() => {
    const now: string | undefined = JSON.stringify(of());
    const changed = before !== undefined && now !== undefined && before !== now;
    before = now ?? before;
    if (changed) act();
  });
}
