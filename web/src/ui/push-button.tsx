// Push to talk: the same control under a finger, a mouse, the space bar, and what can only press it.

import { useEffect, useRef } from 'preact/hooks';
import { MicrophoneIcon, PushIcon } from './icons.tsx';
import { Level } from './level.tsx';
import { linked, linkWord } from './link-state.ts';
import { PushPointer } from './push-pointer.ts';
import { CLOSED, type PushEvent, step } from './push-to-talk.ts';
import { ownLevel, ownTalking, push } from './store.ts';
import { t } from './words.ts';

export function PushButton() {
  useEffect(() => listenToKeys(), []);
  const pointer = useRef(new PushPointer()).current;
  const read = (event: PointerEvent | MouseEvent) => {
    const what = pointer.read(event as PointerEvent, push.value.open);
    if (what !== null) happen(what, event);
  };
  const { open, latched } = push.value;
  const on = open && linked();
  return (
    <button
      class={`talk push ${on ? 'on' : linked() ? '' : 'waits'} ${ownTalking.value ? 'sending' : ''}`}
      type="button"
      data-testid="push"
      aria-pressed={open}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        // Sliding off the button is not letting go.
        event.currentTarget.setPointerCapture(event.pointerId);
        read(event);
      }}
      onPointerUp={read}
      onPointerCancel={read}
      onClick={read}
      onKeyDown={(event) => {
        // An Enter key that is held would press again and again.
        if (event.key === 'Enter' && event.repeat) event.preventDefault();
      }}
      onContextMenu={(event) => event.preventDefault()}
    >
      {open ? <MicrophoneIcon /> : <PushIcon />}
      <span class="talk-words">
        <strong>{t(!linked() ? linkWord() : open ? 'onAir' : 'holdToTalk')}</strong>
        <small>{t(latched ? 'tapToStop' : open ? 'letGo' : 'holdHelp')}</small>
      </span>
      {on && <Level of={ownLevel} />}
    </button>
  );
}

/** By the time at which it happened: a busy page comes to it later. */
function happen(what: PushEvent, event: Event): void {
  push.value = step(push.value, what, event.timeStamp);
}

/** The space bar, unless it is used to write or to press something else. */
function listenToKeys(): () => void {
  const down = (event: KeyboardEvent) => {
    if (event.code !== 'Space' || event.ctrlKey || event.altKey || event.metaKey || isBusy(event.target)) return;
    event.preventDefault();
    happen('press', event);
  };
  const up = (event: KeyboardEvent) => {
    if (event.code !== 'Space' || push.value.pressedAtMs === null) return;
    event.preventDefault();
    happen('release', event);
  };
  const away = (event: Event) => happen('lose', event);
  window.addEventListener('keydown', down);
  window.addEventListener('keyup', up);
  window.addEventListener('blur', away);
  document.addEventListener('visibilitychange', away);
  return () => {
    window.removeEventListener('keydown', down);
    window.removeEventListener('keyup', up);
    window.removeEventListener('blur', away);
    document.removeEventListener('visibilitychange', away);
    push.value = CLOSED;
  };
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof Element) || target.closest('[data-testid=push]') !== null) return false;
  return target.closest('input, textarea, select, button, a, dialog, [contenteditable]') !== null;
}
