// What the page loads after itself: codec, worklets, worker. One that does not come is no fault of the browser: the relay
// is away, or was updated and has other files now.

export class PartMissing extends Error {}

export async function fetchPart(url: string): Promise<ArrayBuffer> {
  try {
    const response = await fetch(url);
    if (response.ok) return await response.arrayBuffer();
  } catch (error) {
    throw new PartMissing(url, { cause: error });
  }
  throw new PartMissing(url);
}

export async function addModule(context: Pick<BaseAudioContext, 'audioWorklet'>, url: string): Promise<void> {
  try {
    await context.audioWorklet.addModule(url);
  } catch (error) {
    // So a worklet says that its script did not come; what is wrong with one that came has its own error.
    throw (error as Error).name === 'AbortError' ? new PartMissing(url, { cause: error }) : error;
  }
}

/** `failed` is called, with whether its script is missing, if it never begins. */
export function watchStart(worker: Worker, failed: (missing: boolean) => void): void {
  worker.addEventListener('message', () => worker.removeEventListener('error', onerror), { once: true });
  worker.addEventListener('error', onerror);

  // An error in a script that came says what it is.
  function onerror(event: Event): void {
    failed(!('message' in event));
  }
}
