// The host key: from the fragment of the link that the relay printed, then kept for this tab. It is taken out of the
// address, which may be on a screen that everybody sees.

const KEPT = 'lanline.host-key';

export function takeHostKey(): string | null {
  const key = location.hash.replace(/^#/, '');
  if (key !== '') {
    keepHostKey(key);
    history.replaceState(null, '', location.pathname);
    return key;
  }
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** Storage may be forbidden; then a reload asks for the key. */
export function keepHostKey(key: string): void {
  try {
    sessionStorage.setItem(KEPT, key);
  } catch {}
}
