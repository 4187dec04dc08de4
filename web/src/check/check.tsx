// Whether this device is ready to talk, and what to do if it is not.

import { Mark, MicrophoneIcon } from '../ui/icons.tsx';
import { helpPort, lookAtMicrophone, lookAtSocket, microphone, page, socket } from './checks.ts';
import { type CheckKey, c } from './words.ts';

type Outcome = 'open' | 'good' | 'bad';

export function Check() {
  const ready = page.value === 'good' && socket.value === 'good' && microphone.value === 'good';
  return (
    <main class="check">
      <header class="check-head">
        <Mark />
        <h1>{c('title')}</h1>
      </header>
      <p>{c('intro')}</p>
      <ol class="check-steps">
        <PageStep />
        <SocketStep />
        <MicrophoneStep />
      </ol>
      <a class={ready ? 'button primary' : 'button plain'} href="/" data-testid="check-done">
        {c(ready ? 'ready' : 'anyway')}
      </a>
    </main>
  );
}

function Step(props: {
  name: string;
  title: CheckKey;
  outcome: Outcome;
  said: string;
  children?: preact.ComponentChildren;
}) {
  return (
    <li class="card check-step" data-testid={`check-${props.name}`} data-outcome={props.outcome}>
      <h2>
        <span class="check-sign" aria-hidden="true">
          {props.outcome === 'good' ? '✓' : props.outcome === 'bad' ? '✗' : '…'}
        </span>
        {c(props.title)}
      </h2>
      <p role="status">{props.said}</p>
      {props.children}
    </li>
  );
}

function PageStep() {
  const state = page.value;
  const said = { looking: c('looking'), good: c('pageGood'), insecure: c('pageInsecure'), old: c('pageOld') };
  return <Step name="page" title="page" outcome={outcome(state)} said={said[state]} />;
}

function SocketStep() {
  const state = socket.value;
  const said = { looking: c('looking'), good: c('socketGood'), refused: c('socketRefused') };
  return (
    <Step name="socket" title="socket" outcome={outcome(state)} said={said[state]}>
      {state === 'refused' && (
        <p class="check-ways">
          {helpPort.value !== null && (
            <a class="button plain" href={`http://${location.hostname}:${helpPort.value}/`}>
              {c('help')}
            </a>
          )}
          <button type="button" class="button plain" onClick={() => void lookAtSocket()}>
            {c('again')}
          </button>
        </p>
      )}
    </Step>
  );
}

function MicrophoneStep() {
  const state = microphone.value;
  const said = {
    waiting: c('microphoneWaiting'),
    asking: c('microphoneAsking'),
    listening: c('microphoneListening'),
    good: c('microphoneGood'),
    silent: c('microphoneSilent'),
    refused: c('microphoneRefused'),
    missing: c('microphoneMissing'),
    busy: c('microphoneBusy'),
    insecure: c('pageInsecure'),
    withheld: c('microphoneWithheld'),
    broken: c('microphoneBroken'),
  };
  const idle = state !== 'asking' && state !== 'listening';
  return (
    <Step name="microphone" title="microphone" outcome={outcome(state)} said={said[state]}>
      {idle && state !== 'good' && (
        <button
          type="button"
          class={state === 'waiting' ? 'button primary' : 'button plain'}
          data-testid="check-microphone-try"
          onClick={() => void lookAtMicrophone()}
        >
          <MicrophoneIcon />
          {c(state === 'waiting' ? 'try' : 'again')}
        </button>
      )}
    </Step>
  );
}

function outcome(state: string): Outcome {
  if (state === 'good') return 'good';
  return ['looking', 'waiting', 'asking', 'listening'].includes(state) ? 'open' : 'bad';
}
