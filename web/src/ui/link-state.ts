// What is said of the link to the relay, wherever it is said.

import { link } from './store.ts';
import type { Key } from './words.ts';

const WORDS = { connecting: 'connecting', open: 'connected', lost: 'reconnecting', ended: 'disconnected' } as const;

export const linkWord = (): Key => WORDS[link.value.state];

/** Whoever talks is heard. */
export const linked = (): boolean => link.value.state === 'open';
