// The page of whoever runs the relay: all rooms, and in each who is inside, how to get in, and who is to go.

import { useState } from 'preact/hooks';
import { isRoomName } from '../names.ts';
import { Mark } from '../ui/icons.tsx';
import { KeyForm } from './key-form.tsx';
import { RoomPanel } from './room-panel.tsx';
import { act, away, choose, detail, key, refusal, room, rooms } from './store.ts';
import { h } from './words.ts';

export function Host() {
  if (key.value === null) return <KeyForm />;
  return (
    <div class="host">
      <header class="host-head">
        <Mark />
        <h1>{h('title')}</h1>
      </header>
      {away.value && (
        <p class="hint" role="alert" data-testid="host-away">
          {h('away')}
        </p>
      )}
      {refusal.value !== null && (
        <p class="hint" role="alert" data-testid="host-refusal">
          <bdi>{refusal.value.message}</bdi>
        </p>
      )}
      <Rooms />
      {detail.value !== null && <RoomPanel key={detail.value.room} room={detail.value} />}
      <details class="card help">
        <summary>{h('nobody')}</summary>
        <p>{h('nobodyLink')}</p>
        <p>{h('nobodyIsolated')}</p>
      </details>
    </div>
  );
}

function Rooms() {
  const [name, setName] = useState('');
  const [bad, setBad] = useState(false);
  const create = async () => {
    if (!isRoomName(name)) {
      setBad(true);
    } else if (await act((api) => api.create(name))) {
      choose(name);
      setName('');
    }
  };
  return (
    <section class="host-rooms" aria-label={h('rooms')}>
      <ul>
        {rooms.value.map((each) => (
          <li key={each.room}>
            <button
              type="button"
              class="room-choice"
              data-testid="host-room"
              aria-current={each.room === room.value}
              onClick={() => choose(each.room)}
            >
              <bdi>{each.room}</bdi>
              <small>{h('inside', { count: each.participants })}</small>
            </button>
          </li>
        ))}
      </ul>
      <form
        class="new-room"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <input
          data-testid="new-room"
          type="text"
          aria-label={h('newRoom')}
          placeholder={h('newRoom')}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={32}
          value={name}
          aria-invalid={bad}
          aria-describedby="new-room-problem"
          onInput={(event) => {
            setName(event.currentTarget.value.trim().toLowerCase());
            setBad(false);
          }}
        />
        <button class="button" type="submit" data-testid="create-room" disabled={name === ''}>
          {h('create')}
        </button>
      </form>
      <p id="new-room-problem" class="problem" role="alert">
        {bad ? h('badName') : ''}
      </p>
    </section>
  );
}
