// The one control that matters: is my microphone on? Said by colour, icon and words at once.

import { useEffect, useRef } from 'preact/hooks';
import { setMuted, turnOnMicrophone } from '../conversation.ts';
import { EarIcon, LeaveIcon, MicrophoneIcon, MutedIcon } from './icons.tsx';
import { microphone, muted, ownLevel, ownTalking, uplink } from './store.ts';

export function TalkBar({ onLeave }: { onLeave: () => void }) {
  return (
    <footer class="talk-bar">
      {microphone.value === 'on' ? <Mute /> : <Listening />}
      <button class="button leave" type="button" data-testid="leave" onClick={onLeave}>
        <LeaveIcon />
        <span>Leave</span>
      </button>
    </footer>
  );
}

function Mute() {
  const off = muted.value;
  return (
    <button
      class={`talk ${off ? 'off' : 'on'} ${ownTalking.value ? 'sending' : ''}`}
      type="button"
      data-testid="mute"
      data-lag-ms={uplink.value.lagMs}
      data-withheld={uplink.value.withheld}
      aria-pressed={off}
      aria-label={off ? 'You are muted. Unmute' : 'Your microphone is on. Mute'}
      onClick={() => setMuted(!off)}
    >
      {off ? <MutedIcon /> : <MicrophoneIcon />}
      <span class="talk-words">
        <strong>{off ? 'You are muted' : 'Microphone on'}</strong>
        <small>{off ? 'Tap to talk' : 'Tap to mute'}</small>
      </span>
      {!off && <Level />}
    </button>
  );
}

function Listening() {
  const starting = microphone.value === 'starting';
  return (
    <button
      class="talk listening"
      type="button"
      data-testid="unmute-listener"
      disabled={starting}
      onClick={turnOnMicrophone}
    >
      <EarIcon />
      <span class="talk-words">
        <strong>Only listening</strong>
        <small>{starting ? 'Asking for the microphone…' : 'Tap to turn the microphone on'}</small>
      </span>
    </button>
  );
}

/** −60 dBov is nothing, 0 is all; set through the style object, which the content security policy allows. */
function Level() {
  const bar = useRef<HTMLSpanElement>(null);
  const share = Math.max(0, Math.min(1, 1 - ownLevel.value / 60));
  useEffect(() => {
    bar.current?.style.setProperty('--level', share.toFixed(2));
  }, [share]);
  return <span ref={bar} class="level" aria-hidden="true" />;
}
