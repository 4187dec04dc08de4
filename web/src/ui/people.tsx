import { initials } from '../names.ts';
import type { Participant } from '../net/text.ts';
import { MutedIcon } from './icons.tsx';
import { others, own, ownTalking } from './store.ts';

const COLOURS = 8;

export function People() {
  const self = own.value;
  const rest = others.value;
  return (
    <section class="people" aria-label="Who is here">
      <ul>
        {self !== undefined && <Person key={self.id} who={self} self talking={ownTalking.value} />}
        {rest.map((p) => (
          <Person key={p.id} who={p} self={false} talking={p.talking} />
        ))}
      </ul>
      {self !== undefined && rest.length === 0 && (
        <p class="alone">Nobody else is here yet. Show them the link or the code.</p>
      )}
    </section>
  );
}

function Person({ who, self, talking }: { who: Participant; self: boolean; talking: boolean }) {
  const state = who.muted ? 'muted' : talking ? 'talking' : 'quiet';
  return (
    <li
      class={`person ${state}`}
      data-testid="participant"
      data-id={who.id}
      data-self={self}
      data-muted={who.muted}
      data-talking={state === 'talking'}
    >
      <span class={`avatar colour-${colourOf(who.name)}`} aria-hidden="true">
        {initials(who.name)}
      </span>
      <span class="person-name">
        <bdi data-testid="participant-name">{who.name}</bdi>
        {self && <small> (you)</small>}
      </span>
      <span class="person-state">
        {who.muted && <MutedIcon />}
        {state === 'quiet' ? '' : state === 'muted' ? 'muted' : 'talking'}
      </span>
    </li>
  );
}

function colourOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (Math.imul(hash, 31) + character.codePointAt(0)!) >>> 0;
  return hash % COLOURS;
}
