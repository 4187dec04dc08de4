// What a pointer does to the push button, and which clicks no finger or mouse made. A screen reader or a switch cannot
// hold: its click toggles. Some engines send the events of a press before such a click, all at once, and what looks like
// one at its beginning may be a real mouse (Safari's has no pressure either). So a press always counts at first, and the
// click says what it was.

import type { PushEvent } from './push-to-talk.ts';

/** A click that follows the end of a press this soon is its own. */
const FOLLOWS_MS = 100;
/** One that toggles may come at the end of a short press only: a hold that ends leaves no open microphone behind. */
const HELD_MS = 300;

export type PointerSign = Pick<
  PointerEvent,
  | 'type'
  | 'pointerId'
  | 'isPrimary'
  | 'timeStamp'
  | 'buttons'
  | 'detail'
  | 'width'
  | 'height'
  | 'pressure'
  | 'pointerType'
>;

interface Press {
  /** What it found. */
  open: boolean;
  faint: boolean;
  beganAtMs: number;
  endedAtMs: number;
}

export class PushPointer {
  #press: Press | null = null;
  /** The one that is down: another finger that comes and goes neither begins nor ends anything. */
  #holder: number | null = null;

  /** `open`: whether the microphone is now. Null: nothing changes. */
  read(event: PointerSign, open: boolean): PushEvent | null {
    const { type, timeStamp, pointerId } = event;
    switch (type) {
      case 'pointerdown':
        // One that comes first of its kind finds no other down, whatever was said of that.
        if (this.#holder !== null && !event.isPrimary) return null;
        this.#holder = pointerId;
        this.#press = { open, faint: isFaint(event), beganAtMs: timeStamp, endedAtMs: timeStamp };
        return 'press';
      case 'pointerup':
        if (pointerId !== this.#holder) return null;
        this.#holder = null;
        if (this.#press !== null) this.#press.endedAtMs = timeStamp;
        return 'release';
      case 'pointercancel':
        if (pointerId !== this.#holder) return null;
        this.#holder = null;
        this.#press = null;
        return 'lose';
      default:
        return this.#click(event, open);
    }
  }

  #click(event: PointerSign, open: boolean): PushEvent | null {
    const press = this.#press !== null && event.timeStamp - this.#press.endedAtMs < FOLLOWS_MS ? this.#press : null;
    this.#press = null;
    if (!isUnheld(event) && !press?.faint) return null;
    if (press === null) return 'toggle';
    if (press.endedAtMs - press.beganAtMs >= HELD_MS) return null;
    // The press has closed again what it opened, or closed what it found open.
    return press.open === open ? 'toggle' : null;
  }
}

/** Neither size nor weight: VoiceOver. */
const isFaint = ({ width, height, pressure }: PointerSign): boolean => width < 1 && height < 1 && pressure === 0;

/**
 * The Enter key and most screen readers give a click no detail; Chromium's accessibility gives it one, and a button that
 * is down still; Firefox' comes from no kind of pointer.
 */
const isUnheld = ({ detail, buttons, pointerType }: PointerSign): boolean =>
  detail === 0 || (buttons & 1) !== 0 || pointerType === '';
