import { useEffect } from 'preact/hooks';
import type { Severity } from '../net/text.ts';
import { CloseIcon, InfoIcon, WarningIcon } from './icons.tsx';
import { dismissNotice, type Notice, notices } from './store.ts';
import { t } from './words.ts';

/** A critical notice stays until somebody takes it away. */
const SHOWN_MS: Record<Severity, number> = { info: 8_000, warning: 15_000, critical: Number.POSITIVE_INFINITY };

export const severityWord = (severity: Severity): string => t(severity === 'info' ? 'note' : severity);

export const SeverityIcon = ({ severity }: { severity: Severity }) =>
  severity === 'info' ? <InfoIcon /> : <WarningIcon />;

/** What is critical is at the top, and what is new above what is older. */
const URGENT: readonly Severity[] = ['critical', 'warning'];

export function Notices() {
  const newest = [...notices.value].reverse();
  const of = (severity: Severity) =>
    newest.filter((n) => n.severity === severity).map((notice) => <Toast key={notice.key} notice={notice} />);
  return (
    <div class="notices">
      <div aria-live="assertive">{URGENT.map(of)}</div>
      <div aria-live="polite">{of('info')}</div>
    </div>
  );
}

function Toast({ notice }: { notice: Notice }) {
  const { key, severity, title, text } = notice;
  useEffect(() => {
    const shown = SHOWN_MS[severity];
    if (shown === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => dismissNotice(key), shown);
    return () => clearTimeout(timer);
  }, [key, severity]);
  return (
    <article class={`notice ${severity}`} data-testid="notice" data-severity={severity}>
      <SeverityIcon severity={severity} />
      <div>
        <span class="notice-word">{severityWord(severity)}</span>
        <h2>
          <bdi data-testid="notice-title">{title}</bdi>
        </h2>
        {text !== '' && (
          <p dir="auto" data-testid="notice-text">
            {text}
          </p>
        )}
      </div>
      <button type="button" class="dismiss" aria-label={t('dismiss')} onClick={() => dismissNotice(key)}>
        <CloseIcon />
      </button>
    </article>
  );
}
