import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { sendChat } from '../conversation.ts';
import { SendIcon } from './icons.tsx';
import { SeverityIcon, severityWord } from './notices.tsx';
import type { Line } from './room-state.ts';
import { link, roomState } from './store.ts';

const MAX_CHARACTERS = 1000;

export function Chat() {
  const lines = roomState.value.lines;
  const list = useRef<HTMLDivElement>(null);
  // New lines scroll in, unless somebody is reading further up.
  const follow = useRef(true);
  useLayoutEffect(() => {
    if (follow.current && lines.length > 0) list.current!.scrollTop = list.current!.scrollHeight;
  }, [lines]);
  return (
    <section class="chat" aria-label="Chat">
      <div
        ref={list}
        class="lines"
        role="log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Messages"
        onScroll={({ currentTarget: l }) => {
          follow.current = l.scrollHeight - l.scrollTop - l.clientHeight < 48;
        }}
      >
        {lines.length === 0 && <p class="chat-empty">Messages to the room appear here.</p>}
        <ol>
          {lines.map((line) => (
            <LineView key={line.key} line={line} />
          ))}
        </ol>
      </div>
      <Composer />
    </section>
  );
}

function LineView({ line }: { line: Line }) {
  switch (line.kind) {
    case 'event':
      return (
        <li class="line event">
          <bdi>{line.text}</bdi>
        </li>
      );
    case 'notice':
      return (
        <li class={`line notice-line ${line.severity}`}>
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
        <li class={`line said ${line.own ? 'own' : ''}`} data-testid="chat-line">
          <span class="said-head">
            <bdi>{line.own ? 'You' : line.from}</bdi> <time>{clock(line.atMs)}</time>
          </span>
          <p dir="auto" data-testid="chat-text">
            {line.text}
          </p>
        </li>
      );
  }
}

function Composer() {
  const [text, setText] = useState('');
  const trimmed = text.trim();
  const open = link.value.state === 'open';
  const send = () => {
    if (trimmed === '' || !open) return;
    sendChat(trimmed);
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
        aria-label="Message to the room"
        placeholder="Message"
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
        aria-label="Send"
        disabled={trimmed === '' || !open}
      >
        <SendIcon />
      </button>
    </form>
  );
}

const clock = (ms: number): string =>
  new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
