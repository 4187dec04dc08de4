import { render } from 'preact';
import { App } from './ui/app.tsx';
import './ui/base.css';
import './ui/join.css';
import './ui/chat.css';
import './ui/notices.css';
import './ui/room.css';

render(<App />, document.getElementById('app')!);
