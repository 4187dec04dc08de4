// What went wrong, and the next step: never a dead end, never a guess.

import type { ComponentChildren } from 'preact';
import { join } from '../conversation.ts';
import { WarningIcon } from './icons.tsx';
import { type Failure as FailureKind, screen } from './store.ts';

export function Failure({ failure }: { failure: FailureKind }) {
  const { title, text, talk, listen } = explain(failure);
  return (
    <main class="join">
      <section class="card failure" data-testid="failure" data-kind={failure.kind} role="alert">
        <WarningIcon />
        <h1>{title}</h1>
        {text}
        {talk !== undefined && (
          <button class="button primary" type="button" data-testid="retry" onClick={() => again('talk')}>
            {talk}
          </button>
        )}
        {listen && (
          <button class="button plain" type="button" data-testid="listen-only" onClick={() => again('listen')}>
            Only listen
          </button>
        )}
        {talk === undefined && failure.kind === 'bad_room' && (
          <a class="button primary" href="/">
            Go to the lobby
          </a>
        )}
      </section>
    </main>
  );
}

function again(mode: 'talk' | 'listen') {
  screen.value = { at: 'join' };
  join(mode);
}

interface Explanation {
  title: string;
  text: ComponentChildren;
  talk?: string;
  listen?: boolean;
}

function explain(failure: FailureKind): Explanation {
  switch (failure.kind) {
    case 'bad_room':
      return {
        title: 'There is no such room',
        text: <p>A room’s name is made of a to z, 0 to 9 and hyphens. Check the link, or go to the lobby.</p>,
      };
    case 'insecure':
      return {
        title: 'This page needs https',
        text: (
          <p>
            Browsers give a microphone, and the sound we need, only to pages opened over https. Scan the code again, or
            open the link that begins with <code>https://</code>.
          </p>
        ),
      };
    case 'unsupported':
      return {
        title: 'This browser cannot do it',
        text: <p>Sound did not start. A current Chrome, Edge, Firefox or Safari will do.</p>,
        talk: 'Try again',
      };
    case 'codec':
      return {
        title: 'The codec failed its self-test',
        text: (
          <p>
            Sound would be broken, so we stopped. Reload the page; if that does not help, a private window without
            extensions, or another browser, may.
          </p>
        ),
        talk: 'Try again',
      };
    case 'ended':
      return {
        title: 'You are out of the room',
        text: <p>{failure.reason}</p>,
        talk: 'Join again',
        listen: true,
      };
    case 'microphone':
      return { ...MICROPHONE[failure.failure], talk: 'Try again', listen: true };
  }
}

const MICROPHONE: Record<
  Extract<FailureKind, { kind: 'microphone' }>['failure'],
  { title: string; text: ComponentChildren }
> = {
  refused: {
    title: 'The microphone was refused',
    text: (
      <p>
        To talk, allow the microphone for this page in the browser’s settings (the lock or sliders beside the address),
        then try again. You can also join and only listen.
      </p>
    ),
  },
  missing: {
    title: 'There is no microphone',
    text: <p>Plug one in and try again, or join and only listen.</p>,
  },
  busy: {
    title: 'The microphone is in use',
    text: <p>Another program holds it. Close that, or end the call, and try again. You can also only listen.</p>,
  },
  insecure: {
    title: 'This page needs https',
    text: <p>Browsers give a microphone only to pages opened over https. Open the link that begins with https.</p>,
  },
  broken: {
    title: 'The microphone did not start',
    text: <p>The browser did not say why. Try again, or join and only listen.</p>,
  },
};
