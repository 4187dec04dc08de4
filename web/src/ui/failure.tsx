// What went wrong, and the next step: never a dead end, never a guess.

import { join } from '../conversation.ts';
import type { Mode } from '../kept.ts';
import { type Explanation, explain } from './explain.ts';
import { WarningIcon } from './icons.tsx';
import { PinForm } from './pin-form.tsx';
import { type Failure as FailureKind, mode, screen } from './store.ts';
import { t } from './words.ts';

export function Failure({ failure }: { failure: FailureKind }) {
  const what = explain(failure);
  const kind = failure.kind === 'refused' ? failure.why.code : failure.kind;
  return (
    <main class="join">
      <section class="card failure" data-testid="failure" data-kind={kind} role="alert">
        <WarningIcon />
        <h1>{t(what.title)}</h1>
        <p>{what.text === null ? <bdi>{what.words}</bdi> : t(what.text)}</p>
        <Step step={what.step} />
        {what.pin !== null && <PinForm problem={what.pin} enter={(pin) => again(mode.value, { pin })} />}
        {what.talk !== null && (
          <button
            class={`button ${what.pin === null ? 'primary' : 'plain'}`}
            type="button"
            data-testid="retry"
            onClick={() => again(failure.kind === 'refused' ? mode.value : 'talk', { steal: what.steals })}
          >
            {t(what.talk)}
          </button>
        )}
        {what.listens && (
          <button class="button plain" type="button" data-testid="listen-only" onClick={() => again('listen', {})}>
            {t('onlyListen')}
          </button>
        )}
      </section>
    </main>
  );
}

/** What helps other than trying again. */
function Step({ step }: { step: Explanation['step'] }) {
  switch (step) {
    case 'lobby':
      return (
        <a class="button primary" href="/">
          {t('goLobby')}
        </a>
      );
    case 'https':
      return (
        <a class="button primary" href={location.href.replace(/^http:/, 'https:')}>
          {t('openHttps')}
        </a>
      );
    case 'reload':
      return (
        <button class="button primary" type="button" onClick={() => location.reload()}>
          {t('reload')}
        </button>
      );
    case null:
      return null;
  }
}

function again(mode: Mode, how: { steal?: boolean; pin?: string }) {
  screen.value = { at: 'join' };
  join(mode, how);
}
