import { effect } from '@preact/signals';
import { render } from 'preact';
import { comeBack } from './conversation.ts';
import { keepPin } from './kept.ts';
import { App } from './ui/app.tsx';
import { missed, room, screen } from './ui/store.ts';
import { language } from './ui/words.ts';
import './ui/base.css';
import './ui/colours.css';
import './ui/join.css';
import './ui/chat.css';
import './ui/notices.css';
import './ui/room.css';
import './ui/people.css';
import './ui/talk-bar.css';
import './ui/sheet.css';
import './ui/delay.css';

effect(() => {
  document.documentElement.lang = language.value;
});
effect(() => {
  const count = missed.value.count;
  document.title = `${count > 0 ? `(${count}) ` : ''}${room === null ? '' : `${room} · `}Lanline`;
});

// A new link in place of one that was refused changes the fragment alone, and loads nothing.
window.addEventListener('hashchange', () => {
  const { at } = screen.value;
  if (room === null || at === 'room' || at === 'entering') return;
  keepPin(room, null);
  screen.value = { at: 'join' };
});

render(<App />, document.getElementById('app')!);
comeBack();

// Where the certificate is not trusted there is no service worker, and nothing is missed but a nicer error page.
navigator.serviceWorker?.register('/sw.js').catch(() => {});
