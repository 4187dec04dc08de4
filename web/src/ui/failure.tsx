// What went wrong, and the next step: never a dead end, never a guess.

import { join, type Mode } from '../conversation.ts';
import { WarningIcon } from './icons.tsx';
import { type Failure as FailureKind, screen } from './store.ts';
import { type Key, t } from './words.ts';

export function Failure({ failure }: { failure: FailureKind }) {
  const { title, text, talk, listen, step } = explain(failure);
  return (
    <main class="join">
      <section class="card failure" data-testid="failure" data-kind={failure.kind} role="alert">
        <WarningIcon />
        <h1>{t(title)}</h1>
        <p>{failure.kind === 'ended' ? <bdi>{failure.reason}</bdi> : text !== undefined && t(text)}</p>
        {step === 'lobby' && (
          <a class="button primary" href="/">
            {t('goLobby')}
          </a>
        )}
        {step === 'https' && (
          <a class="button primary" href={location.href.replace(/^http:/, 'https:')}>
            {t('openHttps')}
          </a>
        )}
        {step === 'reload' && (
          <button class="button primary" type="button" onClick={() => location.reload()}>
            {t('reload')}
          </button>
        )}
        {talk !== undefined && (
          <button
            class="button primary"
            type="button"
            data-testid="retry"
            onClick={() => again('talk', failure.kind === 'elsewhere')}
          >
            {t(talk)}
          </button>
        )}
        {listen && (
          <button class="button plain" type="button" data-testid="listen-only" onClick={() => again('listen', false)}>
            {t('onlyListen')}
          </button>
        )}
      </section>
    </main>
  );
}

function again(mode: Mode, steal: boolean) {
  screen.value = { at: 'join' };
  join(mode, steal);
}

interface Explanation {
  title: Key;
  text?: Key;
  talk?: Key;
  listen?: boolean;
  /** What helps other than trying again. */
  step?: 'lobby' | 'https' | 'reload';
}

function explain(failure: FailureKind): Explanation {
  switch (failure.kind) {
    case 'bad_room':
      return { title: 'badRoom', text: 'badRoomText', step: 'lobby' };
    case 'insecure':
      return { title: 'insecure', text: 'insecureText', step: 'https' };
    case 'unsupported':
      return { title: 'unsupported', text: 'unsupportedText', talk: 'tryAgain' };
    case 'codec':
      return { title: 'codec', text: 'codecText', step: 'reload', talk: 'tryAgain' };
    case 'ended':
      return { title: 'ended', talk: 'joinAgain', listen: true };
    case 'unreachable':
      return { title: 'unreachable', text: 'unreachableText', talk: 'tryAgain', step: 'reload' };
    case 'elsewhere':
      return { title: 'elsewhere', text: 'elsewhereText', talk: 'useThisTab' };
    case 'microphone':
      return { ...MICROPHONE[failure.failure], talk: 'tryAgain', listen: true };
  }
}

const MICROPHONE: Record<Extract<FailureKind, { kind: 'microphone' }>['failure'], { title: Key; text: Key }> = {
  refused: { title: 'micRefused', text: 'micRefusedText' },
  missing: { title: 'micMissing', text: 'micMissingText' },
  busy: { title: 'micBusy', text: 'micBusyText' },
  insecure: { title: 'insecure', text: 'insecureText' },
  broken: { title: 'micBroken', text: 'micBrokenText' },
};
