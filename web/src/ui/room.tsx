import { samplesToMs } from '../audio/units.ts';
import { leave, resumeSound } from '../conversation.ts';
import { Chat } from './chat.tsx';
import { Notices } from './notices.tsx';
import { People } from './people.tsx';
import { delayMs, link, playout, room, soundPaused } from './store.ts';
import { TalkBar } from './talk-bar.tsx';

export function Room() {
  return (
    <div class="room">
      <header class="room-head">
        <div>
          <h1>{room}</h1>
          <Status />
        </div>
        <Delay />
      </header>
      <main class="room-main">
        <People />
        <Chat />
      </main>
      {soundPaused.value && (
        <button class="banner" type="button" data-testid="resume" onClick={resumeSound}>
          Sound is paused. Tap to go on.
        </button>
      )}
      <TalkBar onLeave={leave} />
      <Notices />
    </div>
  );
}

const STATUS = { connecting: 'Connecting…', open: 'Connected', lost: 'Reconnecting…', ended: 'Disconnected' };

function Status() {
  const { state } = link.value;
  return (
    <p class={`status ${state}`} data-testid="status" data-state={state} role="status">
      {STATUS[state]}
    </p>
  );
}

/** From a talker's mouth to this ear, for what is heard now. */
function Delay() {
  const ms = delayMs.value;
  const stats = playout.value;
  if (ms === null || stats === null) return null;
  return (
    <p
      class="delay"
      data-testid="delay"
      data-ms={ms}
      data-target-ms={Math.round(stats.targetUs / 1000)}
      data-level-ms={Math.round(stats.levelUs / 1000)}
      data-concealed-ms={Math.round(samplesToMs(stats.concealedSamples))}
      data-underruns={stats.underruns}
      data-discarded={stats.discarded}
      title="From the talker’s mouth to your ear, as far as the browsers tell"
    >
      <strong>{ms}</strong> ms <span>mouth to ear</span>
    </p>
  );
}
