// One of the others: how loud they are for me. Nobody else hears a difference.

import { gainOf, LEAST_DB, MOST_DB } from './gains.ts';
import { Sheet } from './sheet.tsx';
import { gains } from './store.ts';
import { t } from './words.ts';

export function PersonSheet({ name, onClose }: { name: string; onClose: () => void }) {
  const db = gainOf(gains.value, name);
  const set = (wanted: number | null) => {
    gains.value = { ...gains.value, [name]: wanted };
  };
  return (
    <Sheet title={name} testid="person-sheet" onClose={onClose}>
      <label class="field">
        <span>
          {t('personVolume')} <small data-testid="person-db">{db === null ? '' : decibels(db)}</small>
        </span>
        <input
          type="range"
          data-testid="person-volume"
          min={LEAST_DB}
          max={MOST_DB}
          step="1"
          value={db ?? LEAST_DB}
          disabled={db === null}
          onInput={(event) => set(Number(event.currentTarget.value))}
        />
      </label>
      <label class="switch">
        <span>
          {t('silence')}
          <small>{t('silenceHelp')}</small>
        </span>
        <input
          type="checkbox"
          role="switch"
          aria-checked={db === null}
          data-testid="person-silence"
          checked={db === null}
          onChange={(event) => set(event.currentTarget.checked ? null : 0)}
        />
      </label>
    </Sheet>
  );
}

export const decibels = (db: number): string => `${db > 0 ? '+' : db < 0 ? '−' : ''}${Math.abs(db)} dB`;
