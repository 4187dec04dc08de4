// One tab of a browser in a room at a time: the same microphone twice in one room would be heard as an echo.

/**
 * Takes the room for this tab, away from another one if `steal`. Gives what lets it go again, or null while another tab
 * holds it; `lost` is called when another tab takes it from this one.
 */
export function claim(room: string, steal: boolean, lost: () => void): Promise<(() => void) | null> {
  // Without locks (old browsers) nobody is kept out.
  if (navigator.locks === undefined) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const options: LockOptions = steal ? { steal: true } : { ifAvailable: true };
    const hold = (lock: Lock | null): Promise<void> => {
      if (lock === null) {
        resolve(null);
        return Promise.resolve();
      }
      return new Promise((release) => resolve(release));
    };
    navigator.locks.request(`lanline.room.${room}`, options, hold).catch(lost);
  });
}
