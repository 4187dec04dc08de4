// The link to this room, as a code to scan and as text to send.

import { useState } from 'preact/hooks';
import encodeQR from 'qr';
import { Sheet } from './sheet.tsx';
import { room } from './store.ts';
import { t } from './words.ts';

/** Light modules around the code, without which some cameras do not find it. */
const QUIET = 2;

export function Invite({ onClose }: { onClose: () => void }) {
  const link = `${location.origin}/r/${room}`;
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

/** One path of squares: dark on light in both colour schemes, or old cameras do not read it. */
function Code({ text }: { text: string }) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      class="code"
      role="img"
      aria-label={t('codeLabel')}
      data-testid="code"
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      shape-rendering="crispEdges"
    >
      <rect width={rows.length} height={rows.length} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

const isLocal = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');
