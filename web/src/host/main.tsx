import { effect } from '@preact/signals';
import { render } from 'preact';
import { language } from '../ui/words.ts';
import { Host } from './host.tsx';
import { takeHostKey } from './key.ts';
import { enter, watch } from './store.ts';
import { h } from './words.ts';
import '../ui/base.css';
import '../ui/colours.css';
import '../ui/join.css';
import '../ui/sheet.css';
import './host.css';

effect(() => {
  document.documentElement.lang = language.value;
  document.title = `${h('title')} · Lanline`;
});
window.addEventListener('hashchange', () => {
  const key = takeHostKey();
  if (key !== null) enter(key);
});
render(<Host />, document.getElementById('app')!);
watch();
