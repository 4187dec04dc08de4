// What a page says of the age of what it plays, kept with its time; and when that is its normal delay.

/** A page of any driver. */
interface Scripted {
  evaluate(expression: string): Promise<unknown>;
}

interface Heard {
  atMs: number;
  ageMs: number;
}

/** So far above the usual delay what is back to normal. */
export const NORMAL_MS = 30;
/** So old may be what is heard … */
const OLDEST_MS = 300;
/** … and this is the device's own share here; the bound is on what the page adds. */
const DEVICE_MS = 40;
export const OLDEST_HEARD_MS = OLDEST_MS + DEVICE_MS;
/** After what disturbed it a page is back to normal within this time. */
export const RECOVERY_MS = 2_000;

/** Reports are a tenth of a second apart: so many are half a second. */
const IN_A_ROW = 5;
/** A page that was disturbed, by us or by the machine, remembers it: so long the delay has to stand still first. */
const SETTLED_MS = 10_000;
const SETTLED_SPREAD_MS = 100;
const SETTLES_WITHIN_MS = 40_000;

export class DelayLog {
  readonly #page: Scripted;

  private constructor(page: Scripted) {
    this.#page = page;
  }

  /** Of a page that shows its room, from now on. */
  static async of(page: Scripted): Promise<DelayLog> {
    await call(page, () => {
      const seen: Heard[] = [];
      const look = () => {
        const element = document.querySelector<HTMLElement>('[data-testid=delay]');
        if (element !== null && element.dataset.ageMs !== '') {
          seen.push({ atMs: performance.now(), ageMs: Number(element.dataset.ageMs) });
        }
      };
      new MutationObserver(look).observe(document.querySelector('.room-head')!, { subtree: true, attributes: true });
      Object.assign(globalThis, { seen });
    });
    return new DelayLog(page);
  }

  /** All ages of the last so many milliseconds. */
  async last(ms: number): Promise<number[]> {
    const ages = await call(
      this.#page,
      (last) => {
        const { seen } = globalThis as unknown as { seen: Heard[] };
        return seen.filter(({ atMs }) => performance.now() - atMs <= last).map(({ ageMs }) => ageMs);
      },
      ms,
    );
    return ages as number[];
  }

  /** The delay that was reached of late, and lasted for half a second: a busy machine may disturb the next one. */
  async reached(ms: number): Promise<number> {
    return Math.min(...lasting(await this.last(ms)));
  }

  /** The delay as it is when nothing happens, once it stands still. */
  async usual(): Promise<number> {
    const patience = Date.now() + SETTLES_WITHIN_MS;
    for (;;) {
      await pass(this.#page, SETTLED_MS);
      const ages = await this.last(SETTLED_MS);
      const usual = median(ages);
      const stands = Math.max(...lasting(ages)) < usual + NORMAL_MS && Math.max(...ages) < usual + SETTLED_SPREAD_MS;
      if (stands || Date.now() > patience) return usual;
    }
  }
}

/** Lets time pass by a page's own clock. */
export const pass = (page: Scripted, ms: number): Promise<unknown> =>
  call(page, (until) => new Promise((resolve) => setTimeout(resolve, until)), ms);

const call = (page: Scripted, script: (value: number) => unknown, value = 0): Promise<unknown> =>
  page.evaluate(`(${script})(${value})`);

const median = (ages: number[]) => [...ages].sort((a, b) => a - b)[ages.length >> 1] ?? Number.NaN;

const lasting = (ages: number[]) => ages.slice(IN_A_ROW - 1).map((_, n) => median(ages.slice(n, n + IN_A_ROW)));
