// The screen of a phone stays on while it is in a room.

export class WakeLock {
  #lock: WakeLockSentinel | null = null;
  #over = false;

  /** Once more each time the page is seen again: a browser lets it go when it is hidden. */
  async keep(): Promise<void> {
    try {
      const lock = (await navigator.wakeLock?.request('screen')) ?? null;
      const needless = this.#over ? lock : this.#lock;
      this.#lock = lock;
      await needless?.release();
    } catch {
      // A phone that saves power may refuse; the room goes on until the screen locks.
    }
  }

  /** For good; what is granted later is let go too. */
  end(): void {
    this.#over = true;
    void this.#lock?.release();
  }
}
