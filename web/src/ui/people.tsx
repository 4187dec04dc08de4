import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { initials } from '../names.ts';
import type { Participant } from '../net/text.ts';
import { gainOf } from './gains.ts';
import { AwayIcon, EarIcon, MutedIcon, SpeakerOffIcon, WeakLinkIcon } from './icons.tsx';
import { useLevel } from './level.tsx';
import { PersonSheet } from './person-sheet.tsx';
import { gains, heardLevel, others, own, ownLevel, ownTalking, weakLinks } from './store.ts';
import { type Key, t } from './words.ts';

const COLOURS = 8;

/** Name of the one whose sheet is open. */
const chosen = signal<string | null>(null);

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
      {chosen.value !== null && (
        <PersonSheet
          name={chosen.value}
          onClose={() => {
            chosen.value = null;
          }}
        />
      )}
    </section>
  );
}

function Person({ who, self, talking }: { who: Participant; self: boolean; talking: boolean }) {
  const state = who.muted ? 'muted' : talking ? 'talking' : 'quiet';
  const weak = weakLinks.value.includes(who.id);
  // Of the others only the sum is heard: whoever talks now is what makes it loud.
  const tile = useLevel<HTMLLIElement>(self ? ownLevel : heardLevel);
  const silenced = !self && gainOf(gains.value, who.name) === null;
  return (
    <li
      ref={tile}
      class={`person ${state} ${who.away ? 'away' : ''}`}
      data-testid="participant"
      data-id={who.id}
      data-self={self}
      data-muted={who.muted}
      data-talking={state === 'talking'}
      data-weak={weak}
      data-silenced={silenced}
      data-away={who.away}
      data-role={who.role}
    >
      <span class={`avatar colour-${colourOf(who.name)}`} aria-hidden="true">
        {initials(who.name)}
      </span>
      <span class="person-name">
        {self ? (
          <>
            <bdi data-testid="participant-name">{who.name}</bdi>
            <small> ({t('you')})</small>
          </>
        ) : (
          <button
            type="button"
            data-testid="person"
            onClick={() => {
              chosen.value = who.name;
            }}
          >
            <bdi data-testid="participant-name">{who.name}</bdi>
          </button>
        )}
      </span>
      <State who={who} talking={talking} weak={weak} silenced={silenced} />
    </li>
  );
}

interface StateProps {
  who: Participant;
  talking: boolean;
  weak: boolean;
  silenced: boolean;
}

/** The one thing worth knowing of them, in a word and a sign. */
function State({ who, talking, weak, silenced }: StateProps) {
  if (who.away) return <Sign icon={<AwayIcon />} word="away" />;
  if (silenced) return <Sign icon={<SpeakerOffIcon />} word="silenced" />;
  if (weak) return <Sign icon={<WeakLinkIcon />} word="weakLink" />;
  if (who.role === 'listener') return <Sign icon={<EarIcon />} word="listens" />;
  if (who.muted) return <Sign icon={<MutedIcon />} word="muted" />;
  return <Sign icon={null} word={talking ? 'talking' : null} />;
}

function Sign({ icon, word }: { icon: ComponentChildren; word: Key | null }) {
  return (
    <span class="person-state">
      {icon}
      {word === null ? '' : t(word)}
    </span>
  );
}

function colourOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (Math.imul(hash, 31) + character.codePointAt(0)!) >>> 0;
  return hash % COLOURS;
}
