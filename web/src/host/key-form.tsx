import { useState } from 'preact/hooks';
import { Mark } from '../ui/icons.tsx';
import { enter, keyProblem } from './store.ts';
import { h } from './words.ts';

export function KeyForm() {
  const [typed, setTyped] = useState('');
  const problem = keyProblem.value;
  return (
    <main class="join">
      <header class="join-head">
        <Mark />
        <h1>{h('title')}</h1>
      </header>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed !== '') enter(typed);
        }}
      >
        <p>{h('keyHelp')}</p>
        <label class="field">
          <span>{h('key')}</span>
          <input
            data-testid="host-key"
            type="text"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            maxLength={64}
            value={typed}
            aria-invalid={problem !== null}
            aria-describedby="key-problem"
            onInput={(event) => setTyped(event.currentTarget.value.trim())}
          />
        </label>
        <p id="key-problem" class="problem" role="alert" data-testid="host-key-problem">
          {problem === null
            ? ''
            : problem.code === 'rate_limited'
              ? h('keyWait', { seconds: problem.retryS ?? 60 })
              : h('badKey')}
        </p>
        <button class="button primary" type="submit" data-testid="host-enter" disabled={typed === ''}>
          {h('enter')}
        </button>
      </form>
    </main>
  );
}
