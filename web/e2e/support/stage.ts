// A relay and a browser for all tests of a file.

import { join as path } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launch } from './chromium.ts';
import { temporaryFolder } from './process.ts';
import { Relay } from './relay.ts';
import { speech, writeWav } from './sound.ts';

interface Stage {
  readonly relay: Relay;
  readonly browser: Browser;
}

/** Both are there when the first test runs, and gone after the last. The microphone says a sentence, if one is given. */
export function stage(sentence?: string, flags: string[] = []): Stage {
  const folder = temporaryFolder();
  const made: { relay?: Relay; browser?: Browser } = {};
  beforeAll(async () => {
    const file = path(folder.path, 'microphone.wav');
    if (sentence !== undefined) writeWav(file, speech(sentence));
    made.relay = await Relay.start(flags);
    made.browser = await launch(sentence === undefined ? {} : { file });
  });
  afterAll(async () => {
    await made.browser?.close();
    await made.relay?.close();
    folder.remove();
  });
  return made as Stage;
}
