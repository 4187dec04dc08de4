import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './ui/app.tsx';
import { missed, room } from './ui/store.ts';
import { language } from './ui/words.ts';
import './ui/base.css';
import './ui/join.css';
import './ui/chat.css';
import './ui/notices.css';
import './ui/room.css';
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

render(<App />, document.getElementById('app')!);

// Where the certificate is not trusted there is no service worker, and nothing is missed but a nicer error page.
navigator.serviceWorker?.register('/sw.js').catch(() => {});
