// A capture context that an interruption stops has a live track and hears nothing. It is asked to go on; one that does not is
// given up, and while the system itself has interrupted it (a call, in Safari) there is nothing to ask.

/** One that goes on does so within a moment. */
const RESUMES_WITHIN_MS = 1_000;

type Context = Pick<AudioContext, 'resume' | 'addEventListener' | 'removeEventListener'> & { readonly state: string };

/** A fresh one is wanted; what is interrupted goes on by itself, or is suspended at the end. */
export const standsStill = ({ state }: { readonly state: string }): boolean =>
  state === 'suspended' || state === 'closed';

/** `gone`: it stands still and does not go on. The result ends the watch; it has to be called before a close. */
export function keepRunning(context: Context, gone: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (context.state !== 'suspended') return;
    context.resume().catch(() => {});
    timer = setTimeout(gone, RESUMES_WITHIN_MS);
  };
  context.addEventListener('statechange', look);
  return () => {
    clearTimeout(timer);
    context.removeEventListener('statechange', look);
  };
}
