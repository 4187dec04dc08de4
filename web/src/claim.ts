// One tab of a browser in a room at a time: the same microphone twice in one room would be heard as an echo.

/** `wait`: a page that was reloaded may find its own lock not let go yet. */
export type Claim = 'free' | 'wait' | 'steal';

const WAIT_MS = 2_000;

/**
 * Takes the room for this tab. Gives what lets it go again, or null while another tab holds it; `lost` is called when
 * another tab takes it from this one.
 */
export function claim(room: string, how: Claim, lost: () => void): Promise<(() => void) | null> {
  // Without locks (old browsers) nobody is kept out.
  if (navigator.locks === undefined) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    let held = false;
    const hold = (lock: Lock | null): Promise<void> => {
      if (lock === null) {
        resolve(null);
        return Promise.resolve();
      }
      held = true;
      return new Promise((release) => resolve(release));
    };
    navigator.locks.request(`lanline.room.${room}`, options(how), hold).catch(() => {
      if (held) lost();
      else resolve(null);
    });
  });
}

function options(how: Claim): LockOptions {
  switch (how) {
    case 'free':
      return { ifAvailable: true };
    case 'wait':
      return { signal: AbortSignal.timeout(WAIT_MS) };
    case 'steal':
      return { steal: true };
  }
}
