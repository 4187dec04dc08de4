import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { sendChat } from '../conversation.ts';
import { MAX_CHARACTERS } from '../net/outbox.ts';
import { SendIcon } from './icons.tsx';
import { SeverityIcon, severityWord } from './notices.tsx';
import type { Line } from './room-state.ts';
import { chatFollowed, missed, NONE_MISSED, roomState, showNotice, unsaid } from './store.ts';
import { language, t } from './words.ts';

/** So many lines wait for a relay that is away; the relay takes more at once, but not much more. */
const MAX_UNSAID = 50;

export function Chat() {
  const lines = roomState.value.lines;
  const waiting = unsaid.value;
  const list = useRef<HTMLDivElement>(null);
  // New lines scroll in, unless somebody is reading further up.
  useLayoutEffect(() => {
    if (chatFollowed.peek() && lines.length + waiting.length > 0) list.current!.scrollTop = list.current!.scrollHeight;
  }, [lines, waiting]);
  // A keyboard that opens takes from the top, not the newest lines.
  useEffect(() => {
    const { current } = list;
    const observer = new ResizeObserver(() => {
      if (chatFollowed.peek()) current!.scrollTop = current!.scrollHeight;
    });
    observer.observe(current!);
    return () => observer.disconnect();
  }, []);
  return (
    <section class="chat" aria-label={t('chat')}>
      <div
        ref={list}
        class="lines"
        role="log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={t('messages')}
        onScroll={({ currentTarget: l }) => {
          chatFollowed.value = l.scrollHeight - l.scrollTop - l.clientHeight < 48;
        }}
        onPointerDown={seen}
      >
        {lines.length + waiting.length === 0 && <p class="chat-empty">{t('chatEmpty')}</p>}
        <ol>
          {lines.map((line) => (
            <LineView key={line.key} line={line} />
          ))}
          {waiting.map(({ echo, text }) => (
            <li key={`u${echo}`} class="line said own unsaid" data-testid="unsaid">
              <span class="said-head">{t('sending')}</span>
              <p dir="auto">{text}</p>
            </li>
          ))}
        </ol>
      </div>
      <Composer />
    </section>
  );
}

/** Goes to the first line that was missed. */
export function showMissed(): void {
  document.getElementById(missed.value.from)?.scrollIntoView({ block: 'center' });
  seen();
}

function seen(): void {
  missed.value = NONE_MISSED;
}

function LineView({ line }: { line: Line }) {
  switch (line.kind) {
    case 'event':
      return (
        <li class="line event" id={line.key}>
          <Event line={line} />
        </li>
      );
    case 'notice':
      return (
        <li class={`line notice-line ${line.severity}`} id={line.key}>
          <SeverityIcon severity={line.severity} />
          <div>
            <strong>
              <span class="unseen">{severityWord(line.severity)}: </span>
              <bdi>{line.title}</bdi>
            </strong>
            {line.text !== '' && <p dir="auto">{line.text}</p>}
          </div>
        </li>
      );
    case 'chat':
      return (
        <li class={`line said ${line.own ? 'own' : ''}`} id={line.key} data-testid="chat-line">
          <span class="said-head">
            <bdi>{line.own ? t('chatYou') : line.from}</bdi> <time>{clock(line.atMs)}</time>
          </span>
          <p dir="auto" data-testid="chat-text">
            {line.text}
          </p>
        </li>
      );
  }
}

/** Each name keeps its direction to itself, and the words around it theirs. */
function Event({ line }: { line: Extract<Line, { kind: 'event' }> }) {
  const pieces = t(line.what).split(/\{(\w+)\}/);
  const names: Record<string, string> = { ...line };
  return <>{pieces.map((piece, n) => (n % 2 === 0 ? piece : <bdi key={piece}>{names[piece]}</bdi>))}</>;
}

function Composer() {
  const [text, setText] = useState('');
  const trimmed = text.trim();
  const send = () => {
    if (trimmed === '') return;
    if (unsaid.value.length >= MAX_UNSAID) {
      showNotice('warning', t('chatWaits'));
      return;
    }
    // The field's own limit holds for what is typed, not for what an extension or a script puts in.
    if ([...trimmed].length > MAX_CHARACTERS) {
      showNotice('warning', t('chatTooLong', { most: MAX_CHARACTERS }));
      return;
    }
    sendChat(trimmed);
    seen();
    setText('');
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <input
        data-testid="chat-input"
        type="text"
        aria-label={t('messageLabel')}
        placeholder={t('message')}
        autocomplete="off"
        enterkeyhint="send"
        maxLength={MAX_CHARACTERS}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button
        class="button square"
        type="submit"
        data-testid="chat-send"
        aria-label={t('send')}
        disabled={trimmed === ''}
      >
        <SendIcon />
      </button>
    </form>
  );
}

const clock = (ms: number): string =>
  new Date(ms).toLocaleTimeString(language.value, { hour: '2-digit', minute: '2-digit' });
