// One of the others: how loud they are for me. Nobody else hears a difference.

import type { Participant } from '../net/text.ts';
import { chosen, gainOf, LEAST_DB, MOST_DB } from './gains.ts';
import { Sheet } from './sheet.tsx';
import { gains, others } from './store.ts';
import { t } from './words.ts';

export function PersonSheet({ who, onClose }: { who: Participant; onClose: () => void }) {
  const db = gainOf(gains.value, who.id);
  const set = (wanted: number | null) => {
    gains.value = chosen(gains.value, others.value, who.id, wanted);
  };
  return (
    <Sheet title={who.name} testid="person-sheet" onClose={onClose}>
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
