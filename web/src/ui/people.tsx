import { initials } from '../names.ts';
import type { Participant } from '../net/text.ts';
import { MutedIcon, WeakLinkIcon } from './icons.tsx';
import { useLevel } from './level.tsx';
import { heardLevel, others, own, ownLevel, ownTalking, weakLinks } from './store.ts';
import { t } from './words.ts';

const COLOURS = 8;

export function People() {
  const self = own.value;
  const rest = others.value;
  return (
    <section class="people" aria-label={t('peopleHere')}>
      <ul>
        {self !== undefined && <Person key={self.id} who={self} self talking={ownTalking.value} />}
        {rest.map((p) => (
          <Person key={p.id} who={p} self={false} talking={p.talking} />
        ))}
      </ul>
      {self !== undefined && rest.length === 0 && <p class="alone">{t('alone')}</p>}
    </section>
  );
}

function Person({ who, self, talking }: { who: Participant; self: boolean; talking: boolean }) {
  const state = who.muted ? 'muted' : talking ? 'talking' : 'quiet';
  const weak = weakLinks.value.includes(who.id);
  // Of the others only the sum is heard: whoever talks now is what makes it loud.
  const tile = useLevel<HTMLLIElement>(self ? ownLevel : heardLevel);
  return (
    <li
      ref={tile}
      class={`person ${state}`}
      data-testid="participant"
      data-id={who.id}
      data-self={self}
      data-muted={who.muted}
      data-talking={state === 'talking'}
      data-weak={weak}
    >
      <span class={`avatar colour-${colourOf(who.name)}`} aria-hidden="true">
        {initials(who.name)}
      </span>
      <span class="person-name">
        <bdi data-testid="participant-name">{who.name}</bdi>
        {self && <small> ({t('you')})</small>}
      </span>
      <span class="person-state">
        {weak ? <WeakLinkIcon /> : who.muted && <MutedIcon />}
        {weak ? t('weakLink') : state === 'quiet' ? '' : t(state)}
      </span>
    </li>
  );
}

function colourOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (Math.imul(hash, 31) + character.codePointAt(0)!) >>> 0;
  return hash % COLOURS;
}
