// The one control that matters: is my microphone on? Said by colour, icon and words at once.

import { leave, tryMicrophone, turnOnMicrophone } from '../conversation.ts';
import { EarIcon, LeaveIcon, MicrophoneIcon, MutedIcon, PushIcon, SpeakerIcon, SpeakerOffIcon } from './icons.tsx';
import { Level } from './level.tsx';
import { linked, linkWord } from './link-state.ts';
import { PushButton } from './push-button.tsx';
import * as settings from './settings.ts';
import {
  allowing,
  deafened,
  interrupted,
  microphone,
  muted,
  mutedByHost,
  ownLevel,
  ownTalking,
  roundTripMs,
  setMuted,
  uplink,
} from './store.ts';
import { t } from './words.ts';

export function TalkBar() {
  return (
    <footer class="talk-bar">
      <Talk />
      <span class="unseen" role="status" data-testid="talk-news">
        {news()}
      </span>
      <div class="talk-more">
        <Deafen />
        {microphone.value === 'on' && <Mode />}
        <button class="button small" type="button" data-testid="leave" onClick={leave}>
          <LeaveIcon />
          <span>{t('leave')}</span>
        </button>
      </div>
    </footer>
  );
}

/** What happened to the microphone without a tap of one's own, for who does not see it. */
function news(): string {
  if (microphone.value !== 'on') return '';
  if (muted.value) return mutedByHost.value ? t('hostMutedYou') : '';
  return interrupted.value ? t('interrupted') : '';
}

function Talk() {
  if (microphone.value !== 'on') return <Listening />;
  // Who is muted unmutes first.
  if (muted.value) return <Mute />;
  if (interrupted.value) return <Interrupted />;
  return settings.talkMode.value === 'push' ? <PushButton /> : <Mute />;
}

function Mute() {
  const off = muted.value;
  const on = !off && linked();
  return (
    <button
      class={`talk ${off ? 'off' : on ? 'on' : 'waits'} ${ownTalking.value ? 'sending' : ''}`}
      type="button"
      data-testid="mute"
      data-lag-ms={uplink.value.lagMs}
      data-withheld={uplink.value.withheld}
      data-overdue={uplink.value.overdue}
      data-round-trip-ms={Math.floor(roundTripMs.value)}
      data-level={ownLevel.value}
      onClick={() => setMuted(!off)}
    >
      {off ? <MutedIcon /> : <MicrophoneIcon />}
      <span class="talk-words">
        <strong>
          {t(on ? 'microphoneOn' : !off ? linkWord() : mutedByHost.value ? 'hostMutedYou' : 'youAreMuted')}
        </strong>
        <small>{t(off ? 'tapToTalk' : 'tapToMute')}</small>
      </span>
      {on && <Level of={ownLevel} />}
    </button>
  );
}

/** On as far as one wishes, and not heard all the same. */
function Interrupted() {
  return (
    <button class="talk off" type="button" data-testid="interrupted" onClick={tryMicrophone}>
      <MutedIcon />
      <span class="talk-words">
        <strong>{t('interrupted')}</strong>
        <small>{t('interruptedHelp')}</small>
      </span>
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
        <strong>{t('listening')}</strong>
        <small>{t(!starting ? 'turnOn' : allowing.value ? 'allow' : 'asking')}</small>
      </span>
    </button>
  );
}

function Deafen() {
  const off = deafened.value;
  return (
    <button
      class={`button small ${off ? 'alarm' : ''}`}
      type="button"
      data-testid="deafen"
      onClick={() => {
        deafened.value = !off;
      }}
    >
      {off ? <SpeakerOffIcon /> : <SpeakerIcon />}
      <span>{t(off ? 'soundOff' : 'soundOn')}</span>
      <span class="unseen">{t(off ? 'undeafenLabel' : 'deafenLabel')}</span>
    </button>
  );
}

/** Offers the other way of talking. */
function Mode() {
  const push = settings.talkMode.value === 'push';
  return (
    <button
      class="button small"
      type="button"
      data-testid="talk-mode"
      onClick={(event) => {
        settings.set(settings.talkMode, push ? 'open' : 'push');
        // After a tap, not after a key, the space bar shall talk and not press this again.
        if (event.detail > 0) event.currentTarget.blur();
      }}
    >
      {push ? <MicrophoneIcon /> : <PushIcon />}
      <span>{t(push ? 'openMicrophone' : 'pushToTalk')}</span>
    </button>
  );
}
