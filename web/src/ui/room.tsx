import { signal } from '@preact/signals';
import { resumeSound, retryNow } from '../conversation.ts';
import { Chat, showMissed } from './chat.tsx';
import { DelayButton, DelaySheet } from './delay.tsx';
import { BellIcon, InviteIcon, SettingsIcon } from './icons.tsx';
import { Invite } from './invite.tsx';
import { linkWord } from './link-state.ts';
import { Notices } from './notices.tsx';
import { People } from './people.tsx';
import { SettingsForm } from './settings-form.tsx';
import { Sheet } from './sheet.tsx';
import { link, missed, room, soundPaused, updated } from './store.ts';
import { TalkBar } from './talk-bar.tsx';
import { t } from './words.ts';

const sheet = signal<'none' | 'delay' | 'invite' | 'settings'>('none');
const close = () => {
  sheet.value = 'none';
};

/** So many tries in a row that it is no moment's trouble. */
const GONE_ATTEMPTS = 3;

export function Room() {
  return (
    <div class="room">
      <div class="room-body">
        <div class="room-scroll">
          <header class="room-head">
            <div class="room-title">
              <h1>{room}</h1>
              <Status />
            </div>
            <DelayButton
              onClick={() => {
                sheet.value = 'delay';
              }}
            />
            <nav class="room-tools">
              <Bell />
              <Tool opens="invite" />
              <Tool opens="settings" />
            </nav>
          </header>
          <main class="room-main">
            <People />
            <Chat />
          </main>
        </div>
        <Notices />
      </div>
      <div class="banners">
        {updated.value && (
          <p class="banner" data-testid="updated" role="status">
            <span>{t('updated')}</span>
            <button class="button plain" type="button" data-testid="reload" onClick={() => location.reload()}>
              {t('reload')}
            </button>
          </p>
        )}
        {soundPaused.value && (
          <button class="banner" type="button" data-testid="resume" onClick={resumeSound}>
            {t('soundPaused')}
          </button>
        )}
        {link.value.state === 'lost' && link.value.attempt >= GONE_ATTEMPTS && (
          <p class="banner" data-testid="relay-gone" role="alert">
            <span>{t('relayGone')}</span>
            <button class="button plain" type="button" onClick={retryNow}>
              {t('tryNow')}
            </button>
          </p>
        )}
      </div>
      <TalkBar />
      {sheet.value === 'delay' && <DelaySheet onClose={close} />}
      {sheet.value === 'invite' && <Invite onClose={close} />}
      {sheet.value === 'settings' && (
        <Sheet title={t('settings')} testid="settings-sheet" onClose={close}>
          <SettingsForm />
        </Sheet>
      )}
    </div>
  );
}

function Tool({ opens }: { opens: 'invite' | 'settings' }) {
  return (
    <button
      class="icon-button"
      type="button"
      data-testid={opens}
      aria-label={t(opens)}
      onClick={() => {
        sheet.value = opens;
      }}
    >
      {opens === 'invite' ? <InviteIcon /> : <SettingsIcon />}
    </button>
  );
}

/** What was written while nobody looked. */
function Bell() {
  const count = missed.value.count;
  if (count === 0) return null;
  return (
    <button class="icon-button bell" type="button" data-testid="bell" aria-label={t('showMissed')} onClick={showMissed}>
      <BellIcon />
      <span class="badge" data-testid="missed">
        {count}
      </span>
    </button>
  );
}

function Status() {
  const { state } = link.value;
  return (
    <p class={`status ${state}`} data-testid="status" data-state={state} role="status">
      {t(linkWord())}
    </p>
  );
}
