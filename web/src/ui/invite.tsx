// The link to this room, as a code to scan and as text to send.

import { useState } from 'preact/hooks';
import { keyOf, pinOf } from '../kept.ts';
import { Code } from './code.tsx';
import { isLocal, linkTo } from './link.ts';
import { Sheet } from './sheet.tsx';
import { room } from './store.ts';
import { t } from './words.ts';

export function Invite({ onClose }: { onClose: () => void }) {
  const pin = pinOf(room!);
  // Who came in by PIN has no key that is known to be good.
  const key = pin === null ? keyOf(room!, location.hash) : null;
  const link = linkTo(room!, key);
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard?.writeText(link).then(
      () => setCopied(true),
      () => {}, // The text above can be selected with one tap.
    );
  const share = () => navigator.share({ title: 'Lanline', text: t('shareText', { room: room! }), url: link });
  return (
    <Sheet title={t('invite')} testid="invite-sheet" onClose={onClose}>
      <p>{t(isLocal(location.hostname) ? 'inviteLocal' : 'inviteHelp')}</p>
      <Code text={link} />
      <p class="link" data-testid="invite-link" dir="ltr">
        {link}
      </p>
      {pin !== null && (
        <p class="pin-shown">
          {t('pin')} <strong data-testid="invite-pin">{pin}</strong>
        </p>
      )}
      <div class="side-by-side">
        <button class="button" type="button" data-testid="copy" onClick={copy}>
          {t(copied ? 'copied' : 'copyLink')}
        </button>
        {'share' in navigator && (
          <button class="button primary" type="button" onClick={() => share().catch(() => {})}>
            {t('share')}
          </button>
        )}
      </div>
    </Sheet>
  );
}
