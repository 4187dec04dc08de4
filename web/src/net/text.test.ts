// Proves: every text message of the golden vectors is understood, and nothing from outside can do harm.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseText } from './text.ts';

const vectors = JSON.parse(readFileSync(new URL('../../../samples/wire/text.json', import.meta.url), 'utf8')) as {
  from_relay: ({ type: string } & Record<string, unknown>)[];
  ignored: unknown[];
};

test.each(vectors.from_relay)('the relay says $type', (message) => {
  expect(parseText(JSON.stringify(message))).toMatchObject({ type: message.type });
});

test('a welcome gives all that a session needs', () => {
  expect(parseText(JSON.stringify(vectors.from_relay[0]))).toEqual({
    type: 'welcome',
    version: 1,
    room: 'stage-2',
    id: 3,
    ptimeMs: 20,
    bitrate: 64000,
    clockUs: 123456789,
    participants: [
      { id: 1, name: 'Ada', colour: 0, role: 'host', muted: true, talking: false, away: true, microphoneMs: null },
      {
        id: 3,
        name: '<img src=x onerror=alert(1)>',
        colour: 2,
        role: 'talker',
        muted: false,
        talking: true,
        away: false,
        microphoneMs: 31,
      },
    ],
    boot: 'Yx0mC9pQ',
    resume: 'eyJyb29tIjoic3RhZ2UtMiJ9.c2lnbmVk',
    resumed: true,
    echo: 6,
  });
});

test('a notification over HTTP has no sender', () => {
  const message = vectors.from_relay.find((m) => m.type === 'notification' && m.id === undefined);
  expect(parseText(JSON.stringify(message))).toMatchObject({ id: null, severity: 'info', title: 'Doors open' });
});

test('unknown types are ignored', () => {
  for (const message of vectors.ignored) expect(parseText(JSON.stringify(message))).toBeNull();
});

test('unknown fields are ignored', () => {
  expect(parseText('{"type":"left","id":4,"why":"tired"}')).toEqual({ type: 'left', id: 4 });
});

test('what is broken is ignored', () => {
  for (const text of ['', 'x', '1', 'null', '[]', '{}', '{"type":1}', '{"type":"left"}', '{"type":"left","id":"4"}']) {
    expect(parseText(text)).toBeNull();
  }
  expect(parseText('{"type":"joined","participant":7}')).toBeNull();
  expect(parseText('{"type":"notification","message":1,"severity":"loud","title":"","text":"","at_ms":1}')).toBeNull();
});
