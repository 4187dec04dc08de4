import { signal } from '@preact/signals';
import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { initials } from '../names.ts';
import type { Participant } from '../net/text.ts';
import { gainOf } from './gains.ts';
import {
  AwayIcon,
  EarIcon,
  EditIcon,
  MicrophoneIcon,
  MutedIcon,
  SlowDeviceIcon,
  SpeakerOffIcon,
  WeakLinkIcon,
} from './icons.tsx';
import { IdentitySheet } from './identity-sheet.tsx';
import { useLevel } from './level.tsx';
import { PersonSheet } from './person-sheet.tsx';
import { gains, heardLevel, others, own, ownLevel, ownTalking, slowDevice, weakLinks } from './store.ts';
import { type Key, t } from './words.ts';

/** −dBov. */
const UNHEARD = signal(127);

export function People() {
  /** The one whose sheet is open. */
  const [chosen, choose] = useState<number | null>(null);
  const close = () => choose(null);
  const self = own.value;
  const rest = others.value;
  const opened = rest.find((p) => p.id === chosen);
  const list = useRef<HTMLDivElement>(null);
  const scrolls = useScrolls(list);
  return (
    <section class="people" aria-label={t('peopleHere')}>
      <p class="people-head">
        <span data-testid="count">{self !== undefined && t('here', { count: rest.length + 1 })}</span>
        {scrolls && <Talkers />}
      </p>
      <div class="people-list" ref={list}>
        <ul>
          {self !== undefined && <Person key={self.id} who={self} self talking={ownTalking.value} choose={choose} />}
          {rest.map((p) => (
            <Person key={p.id} who={p} self={false} talking={p.talking} choose={choose} />
          ))}
        </ul>
        {self !== undefined && rest.length === 0 && <p class="alone">{t('alone')}</p>}
      </div>
      {opened !== undefined && <PersonSheet who={opened} onClose={close} />}
      {self !== undefined && chosen === self.id && <IdentitySheet self={self} onClose={close} />}
    </section>
  );
}

/** Who talks now, where their tiles may be out of sight; a screen reader would never come to rest. */
function Talkers() {
  const talkers = others.value.filter((p) => p.talking && !p.muted);
  if (talkers.length === 0) return null;
  return (
    <span class="talkers" data-testid="talkers" aria-hidden="true">
      <MicrophoneIcon />
      <span>
        {talkers.map((p, n) => (
          <>
            {n > 0 && ', '}
            <bdi key={p.id}>{p.name}</bdi>
          </>
        ))}
      </span>
    </span>
  );
}

/** Whether more is in an element than it shows; where it is not shown, that is all. */
function useScrolls(element: RefObject<HTMLElement | null>): boolean {
  const [scrolls, set] = useState(false);
  useLayoutEffect(() => {
    const outer = element.current!;
    const observer = new ResizeObserver(() =>
      set(
        outer.clientHeight === 0 ||
          outer.scrollHeight > outer.clientHeight + 1 ||
          outer.scrollWidth > outer.clientWidth + 1,
      ),
    );
    observer.observe(outer);
    for (const inner of outer.children) observer.observe(inner);
    return () => observer.disconnect();
  }, [element]);
  return scrolls;
}

interface PersonProps {
  who: Participant;
  self: boolean;
  talking: boolean;
  choose: (id: number) => void;
}

function Person({ who, self, talking, choose }: PersonProps) {
  const state = who.muted ? 'muted' : talking ? 'talking' : 'quiet';
  const weak = weakLinks.value.includes(who.id);
  const slow = self && slowDevice.value;
  const silenced = !self && gainOf(gains.value, who.id) === null;
  // Of the others only the sum is heard: whoever talks now is what makes it loud, but for who is silenced.
  const tile = useLevel<HTMLLIElement>(self ? ownLevel : silenced ? UNHEARD : heardLevel);
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
      data-slow={slow}
      data-silenced={silenced}
      data-away={who.away}
      data-role={who.role}
    >
      <span class={`avatar colour-${who.colour}`} aria-hidden="true">
        {initials(who.name)}
      </span>
      {self && (
        <span class="person-edit">
          <EditIcon />
        </span>
      )}
      <span class="person-name">
        <button
          type="button"
          data-testid={self ? 'own-person' : 'person'}
          aria-label={self ? t('identityLabel', { name: who.name }) : undefined}
          onClick={() => choose(who.id)}
        >
          <bdi data-testid="participant-name">{who.name}</bdi>
          {self && <small>({t('you')})</small>}
        </button>
      </span>
      <State who={who} talking={talking} slow={slow} weak={weak} silenced={silenced} />
    </li>
  );
}

interface StateProps {
  who: Participant;
  talking: boolean;
  slow: boolean;
  weak: boolean;
  silenced: boolean;
}

/** The one thing worth knowing of them, in a word and a sign. */
function State({ who, talking, slow, weak, silenced }: StateProps) {
  if (who.away) return <Sign icon={<AwayIcon />} word="away" />;
  if (silenced) return <Sign icon={<SpeakerOffIcon />} word="silenced" />;
  // A device that is behind comes to answers late, too, as if they had been long on their way.
  if (slow) return <Sign icon={<SlowDeviceIcon />} word="slowDevice" />;
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
