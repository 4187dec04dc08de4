// A context that is to play or to listen may never do so, and not say so either: a browser that wants a tap first, or that
// something has interrupted, lets the question wait for ever. Whoever asks gives up after a while.

/** A wireless device takes a while until it plays. */
const BEGINS_WITHIN_MS = 5_000;

/** It might have begun, but did not in time. */
export class NeverBegan extends Error {}

/** What `beginning` gives; throws `NeverBegan` if that takes too long. */
export async function begun<T>(beginning: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NeverBegan()), BEGINS_WITHIN_MS);
  });
  try {
    return await Promise.race([beginning, late]);
  } finally {
    clearTimeout(timer);
  }
}
