import { effect } from '@preact/signals';
import { render } from 'preact';
import { language } from '../ui/words.ts';
import { Check } from './check.tsx';
import { lookAtPage, lookAtSocket, lookForHelp } from './checks.ts';
import { c } from './words.ts';
import '../ui/base.css';
import '../ui/join.css';
import './check.css';

effect(() => {
  document.documentElement.lang = language.value;
  document.title = `${c('title')} · Lanline`;
});
render(<Check />, document.getElementById('app')!);
lookAtPage();
void lookAtSocket();
void lookForHelp();
