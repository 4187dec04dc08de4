// Lines that were written and have not come back yet. They are numbered (`echo`), so that the relay takes each of them
// once, whatever became of the sockets in between (PROTOCOL.md, "Coming back").

import { hides } from '../names.ts';

export interface Unsaid {
  echo: number;
  text: string;
}

/** What a message may have at most, and what a line must not have (PROTOCOL.md, "Text"). */
const MOST_BYTES = 4_096;
export const MAX_CHARACTERS = 1_000;

export const isTooBig = ({ echo, text }: Unsaid): boolean =>
  new TextEncoder().encode(JSON.stringify({ type: 'chat', text, echo })).length > MOST_BYTES;
export const isBad = ({ text }: Unsaid): boolean => [...text].length > MAX_CHARACTERS || hides(text);

export class Outbox {
  #lines: readonly Unsaid[];
  #last: number;

  constructor(lines: readonly Unsaid[] = []) {
    this.#lines = lines;
    this.#last = lines.at(-1)?.echo ?? 0;
  }

  get lines(): readonly Unsaid[] {
    return this.#lines;
  }

  add(text: string): Unsaid {
    this.#last += 1;
    const line = { echo: this.#last, text };
    this.#lines = [...this.#lines, line];
    return line;
  }

  /** Another socket: the relay took what is up to `echo`. Gives what is to be said again. */
  welcomed(echo: number, resumed: boolean): readonly Unsaid[] {
    if (resumed) {
      this.#last = Math.max(this.#last, echo);
      this.#lines = this.#lines.filter((line) => line.echo > echo);
    } else {
      this.#last = this.#lines.length;
      this.#lines = this.#lines.map(({ text }, n) => ({ echo: n + 1, text }));
    }
    return this.#lines;
  }

  /** A line came back, and with it those before. */
  came(echo: number): void {
    this.#lines = this.#lines.filter((line) => line.echo > echo);
  }

  /** The relay does not take one: the first that it `cannot`, for those before may be on their way back. */
  refused(cannot: (line: Unsaid) => boolean): void {
    const at = Math.max(0, this.#lines.findIndex(cannot));
    this.#lines = this.#lines.filter((_, n) => n !== at);
  }
}
