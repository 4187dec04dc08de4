// One room: how to get in, and who is inside.

import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { initials } from '../names.ts';
import { Code } from '../ui/code.tsx';
import { LeaveIcon, MutedIcon } from '../ui/icons.tsx';
import { isLocal, linkTo } from '../ui/link.ts';
import { Sheet } from '../ui/sheet.tsx';
import { t } from '../ui/words.ts';
import type { HostApi, Person, RoomDetail } from './api.ts';
import { act } from './store.ts';
import { type HostKey, h } from './words.ts';

/** What is asked once more before it is done, for it cannot be taken back. */
interface Question {
  ask: HostKey;
  help: HostKey;
  yes: HostKey;
  name: string;
  what: (api: HostApi) => Promise<Awaited<ReturnType<HostApi['end']>>>;
}

const question = signal<Question | null>(null);

export function RoomPanel({ room }: { room: RoomDetail }) {
  return (
    <main class="host-room" data-testid="room-panel" data-room={room.room}>
      <Invitation room={room} />
      <Inside room={room} />
      {question.value !== null && <Confirm question={question.value} />}
    </main>
  );
}

function Invitation({ room }: { room: RoomDetail }) {
  const link = linkTo(room.room, room.key);
  const [copied, setCopied] = useState('');
  const copy = () =>
    navigator.clipboard?.writeText(link).then(
      () => setCopied(link),
      () => {}, // The text above can be selected with one tap.
    );
  return (
    <section class="card invitation">
      <h2>
        <bdi>{room.room}</bdi>
      </h2>
      {isLocal(location.hostname) && <p class="hint">{t('inviteLocal')}</p>}
      <Code text={link} />
      <p class="link" data-testid="host-link" dir="ltr">
        {link}
      </p>
      {room.pin === null ? (
        <p>{h('open')}</p>
      ) : (
        <p class="pin-shown">
          {t('pin')} <strong data-testid="host-pin">{room.pin}</strong>
        </p>
      )}
      <div class="side-by-side">
        <button class="button" type="button" data-testid="host-copy" onClick={copy}>
          {t(copied === link ? 'copied' : 'copyLink')}
        </button>
        {room.key !== null && (
          <button
            class="button"
            type="button"
            data-testid="new-invite"
            onClick={() => {
              question.value = {
                ask: 'newInviteAsk',
                help: 'newInviteHelp',
                yes: 'newInvite',
                name: room.room,
                what: (api) => api.newInvite(room.room),
              };
            }}
          >
            {h('newInvite')}
          </button>
        )}
      </div>
      <label class="switch">
        <span>
          {h('lock')}
          <small>{h('lockHelp')}</small>
        </span>
        <input
          type="checkbox"
          role="switch"
          aria-checked={room.locked}
          data-testid="lock"
          checked={room.locked}
          onChange={(event) => {
            const locked = event.currentTarget.checked;
            void act((api) => api.lock(room.room, locked));
          }}
        />
      </label>
    </section>
  );
}

function Inside({ room }: { room: RoomDetail }) {
  const { participants } = room;
  return (
    <section class="card inside" aria-label={t('peopleHere')}>
      <header>
        <h2>{h('inside', { count: participants.length })}</h2>
        <button
          class="button small"
          type="button"
          data-testid="mute-all"
          disabled={participants.every((p) => p.muted)}
          onClick={() => void act((api) => api.mute(room.room, null))}
        >
          {h('muteAll')}
        </button>
      </header>
      {participants.length === 0 && <p class="nobody">{h('empty')}</p>}
      <ul>
        {participants.map((who) => (
          <PersonRow key={who.id} room={room.room} who={who} />
        ))}
      </ul>
      <button
        class="button danger"
        type="button"
        data-testid="end-room"
        onClick={() => {
          question.value = {
            ask: 'endAsk',
            help: 'endHelp',
            yes: 'end',
            name: room.room,
            what: (api) => api.end(room.room),
          };
        }}
      >
        {h('end')}
      </button>
    </section>
  );
}

function PersonRow({ room, who }: { room: string; who: Person }) {
  const { id, name, colour, role } = who;
  const state = who.away
    ? 'away'
    : who.talking
      ? 'talking'
      : role === 'listener'
        ? 'listens'
        : who.muted
          ? 'muted'
          : null;
  return (
    <li class={`inside-person ${state ?? ''}`} data-testid="inside" data-id={id} data-state={state ?? 'quiet'}>
      <span class={`avatar colour-${colour}`} aria-hidden="true">
        {initials(name)}
      </span>
      <span class="inside-name">
        <bdi>{name}</bdi>
        <small>{[role === 'host' ? h('host') : '', state === null ? '' : t(state)].filter(Boolean).join(' · ')}</small>
      </span>
      {!who.muted && role !== 'listener' && (
        <button
          class="button small"
          type="button"
          data-testid="mute-one"
          aria-label={h('muteOne', { name })}
          onClick={() => void act((api) => api.mute(room, id))}
        >
          <MutedIcon />
          <span>{h('mute')}</span>
        </button>
      )}
      <button
        class="button small"
        type="button"
        data-testid="remove"
        aria-label={h('removeOne', { name })}
        onClick={() => {
          question.value = {
            ask: 'removeAsk',
            help: 'removeHelp',
            yes: 'remove',
            name,
            what: (api) => api.remove(room, id),
          };
        }}
      >
        <LeaveIcon />
        <span>{h('remove')}</span>
      </button>
    </li>
  );
}

function Confirm({ question: { ask, help, yes, name, what } }: { question: Question }) {
  const close = () => {
    question.value = null;
  };
  return (
    <Sheet title={h(ask, { name })} testid="confirm" onClose={close}>
      <p>{h(help)}</p>
      <div class="side-by-side">
        <button class="button" type="button" onClick={close}>
          {h('cancel')}
        </button>
        <button
          class="button danger"
          type="button"
          data-testid="confirm-yes"
          onClick={() => {
            close();
            void act(what);
          }}
        >
          {h(yes)}
        </button>
      </div>
    </Sheet>
  );
}
