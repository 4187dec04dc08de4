// The host key: from the fragment of the link that the relay printed, then kept for this tab. It is taken out of the
// address, which may be on a screen that everybody sees.

import { keep, kept } from '../kept.ts';

export function takeHostKey(): string | null {
  const key = location.hash.replace(/^#/, '');
  if (key === '') return kept('host-key');
  keepHostKey(key);
  history.replaceState(null, '', location.pathname);
  return key;
}

export const keepHostKey = (key: string): void => keep('host-key', key);
