// A sheet over the page: from below on a phone, in the middle of a larger screen. The browser's own dialog keeps the
// keyboard inside, closes on Escape and gives the focus back.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CloseIcon } from './icons.tsx';
import { t } from './words.ts';

interface Props {
  title: string;
  testid: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Sheet({ title, testid, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet" data-testid={testid} aria-label={title} onClose={onClose} closedby="any">
      <div class="sheet-inside">
        <header class="sheet-head">
          <h2>{title}</h2>
          <button
            type="button"
            class="icon-button"
            data-testid="sheet-close"
            aria-label={t('close')}
            onClick={() => dialog.current?.close()}
          >
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
