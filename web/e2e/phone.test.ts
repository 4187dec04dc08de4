// Proves what a person does beside talking: sound check, settings that apply at once, microphones that come and go, the
// delay in its stages, the invitation, what was missed, another language, and what is seen while the relay is away.

import { expect, test } from 'vitest';
import { connected, join, participant, visit } from './support/chromium.ts';
import { Relay } from './support/relay.ts';
import { stage } from './support/stage.ts';

const here = stage('austen-0890');

test('sound check: the microphone is heard, and plays back; then one joins', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'check');
  await page.getByTestId('sound-check').click();
  await page.getByTestId('check-start').click();
  await page.locator('[data-testid=check-level][data-heard=true]').waitFor();
  await page.getByTestId('check-speaker').click();
  await page.getByTestId('check-record').click();
  await page.getByText('This is you.').waitFor();
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('music mode and processing change the microphone while one talks', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'music', 'Ada');
  const grace = await join(here.browser, here.relay, 'music', 'Grace', 'listen');
  const asked = page.evaluate(
    () =>
      new Promise<boolean>((resolve) => {
        const { mediaDevices } = navigator;
        const original = mediaDevices.getUserMedia.bind(mediaDevices);
        mediaDevices.getUserMedia = (constraints) => {
          const { audio } = constraints as { audio: MediaTrackConstraints };
          resolve(audio.echoCancellation as boolean);
          return original(constraints);
        };
      }),
  );
  await page.getByTestId('settings').click();
  await page.getByTestId('echo-cancellation').click();
  expect(await asked).toBe(true);
  await page.getByTestId('music').click();
  expect(await page.getByTestId('echo-cancellation').isDisabled()).toBe(true);
  await page.getByTestId('sheet-close').click();
  // Without a detector the talkspurt no longer ends: who comes later still finds one going on.
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  await expect.poll(() => grace.page.getByTestId('delay').getAttribute('data-heard')).not.toBe('127');
  expect([...complaints, ...grace.complaints]).toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('a microphone that is taken away, and one that comes along, are followed by a fresh one', async () => {
  const ada = await join(here.browser, here.relay, 'devices', 'Ada');
  const grace = await join(here.browser, here.relay, 'devices', 'Grace', 'listen');
  const talking = () => participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  await talking();
  await ada.page.evaluate(() => {
    const tracks: MediaStreamTrack[] = [];
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      tracks.push(...stream.getAudioTracks());
      return stream;
    };
    const list = mediaDevices.enumerateDevices.bind(mediaDevices);
    mediaDevices.enumerateDevices = async () => {
      const [first, ...rest] = await list();
      return [
        first!,
        ...rest,
        { deviceId: 'new', groupId: '', kind: 'audioinput', label: 'Headset' } as MediaDeviceInfo,
      ];
    };
    Object.assign(globalThis, { tracks });
    mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  const asked = () => ada.page.evaluate(() => (globalThis as unknown as { tracks: unknown[] }).tracks.length);
  await expect.poll(asked).toBe(1);
  await talking();
  // What a call does: the track ends under the page's hands.
  await ada.page.evaluate(() => {
    const [track] = (globalThis as unknown as { tracks: MediaStreamTrack[] }).tracks;
    track!.stop();
    track!.dispatchEvent(new Event('ended'));
  });
  await expect.poll(asked).toBe(2);
  await talking();
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('the delay is one sentence, and its stages add up', async () => {
  await using pair = await two('stages');
  const { page } = pair.grace;
  await page.getByTestId('delay').click();
  await page
    .getByTestId('delay-sentence')
    .getByText(/\d+ ms/)
    .waitFor();
  await page.locator('[data-testid=delay-plot] canvas').waitFor();
  await page.locator('[data-testid=playout-plot] canvas').waitFor();
  expect(await page.getByTestId('playout-plot').getAttribute('aria-label')).toMatch(
    /level is -\d+ dB, .* aims at \d+ ms; \d+ ms concealed, \d+ packets discarded/,
  );
  const stages = await page
    .getByTestId('stages')
    .locator('[data-stage]')
    .evaluateAll((all) => all.map((stage) => Number((stage as HTMLElement).dataset.ms)));
  const whole = stages.pop()!;
  expect(stages.reduce((a, b) => a + b)).toBe(whole);
  expect(pair.grace.complaints).toEqual([]);
});

test('an output that runs dry gets a longer buffer, and goes on playing', async () => {
  const ada = await join(here.browser, here.relay, 'dry', 'Ada');
  const { page, complaints } = await visit(here.browser, here.relay, 'dry');
  // No device here can be made to run dry on command; its count can.
  await page.addInitScript(() => {
    const made: number[] = [];
    const Original = AudioContext;
    class Counted extends Original {
      constructor(options?: AudioContextOptions) {
        super(options);
        made.push(options?.latencyHint as number);
      }
      get playbackStats() {
        return { underrunEvents: made.at(-1) === 0 ? Math.floor(this.currentTime) : 0 };
      }
    }
    Object.assign(globalThis, { AudioContext: Counted, made });
  });
  await page.reload();
  await page.getByTestId('name').fill('Grace');
  await page.getByTestId('join-listen').click();
  await connected(page);
  await page.waitForFunction(() => (globalThis as unknown as { made: number[] }).made.length > 1);
  expect(await page.evaluate(() => (globalThis as unknown as { made: number[] }).made)).toEqual([0, 0.01]);
  await expect.poll(() => page.getByTestId('delay').getAttribute('data-heard')).not.toBe('127');
  expect(complaints).toEqual([]);
  await page.context().close();
  await ada.page.context().close();
});

test.each([
  ['at the left', 60, 0],
  ['at the right', 0, 60],
  ['at both sides', 60, 60],
])('what lies over the page keeps clear of a notch %s', async (where, left, right) => {
  const room = where.replaceAll(' ', '-');
  const { page, complaints } = await join(here.browser, here.relay, room, 'Ada', 'listen');
  const width = 500;
  await page.setViewportSize({ width, height: 360 });
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setSafeAreaInsetsOverride', { insets: { left, right } });
  const clear = async (testid: string) => {
    const { x, width: own } = (await page.getByTestId(testid).boundingBox())!;
    expect(x, testid).toBeGreaterThanOrEqual(left);
    expect(x + own, testid).toBeLessThanOrEqual(width - right);
  };
  await here.relay.notify(room, { severity: 'critical', title: 'Doors' });
  await page.getByTestId('notice').waitFor();
  await clear('notice');
  await page.getByTestId('notice').getByRole('button').click();
  await page.getByTestId('settings').click();
  await page.getByTestId('settings-sheet').waitFor();
  await clear('settings-sheet');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('the invitation is the room’s own link, as text and as a code', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'invite', 'Ada', 'listen');
  await page.getByTestId('invite').click();
  expect(await page.getByTestId('invite-link').textContent()).toBe(here.relay.link('invite'));
  // 25 modules and more, most of them drawn.
  expect((await page.getByTestId('code').locator('path').getAttribute('d'))!.split('M').length).toBeGreaterThan(200);
  await page.keyboard.press('Escape');
  await page.getByTestId('invite-sheet').waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('who reads further up is told what came meanwhile', async () => {
  const ada = await join(here.browser, here.relay, 'bell', 'Ada', 'listen');
  const grace = await join(here.browser, here.relay, 'bell', 'Grace', 'listen');
  const say = async (text: string) => {
    await ada.page.getByTestId('chat-input').fill(text);
    await ada.page.getByTestId('chat-send').click();
    await grace.page.getByText(text, { exact: true }).waitFor({ state: 'attached' });
  };
  for (let n = 0; n < 12; n++) await say(`line ${n}`);
  expect(await grace.page.getByTestId('bell').count()).toBe(0);
  await grace.page.getByRole('log').evaluate((log) => log.scrollTo(0, 0));
  await say('one');
  await say('two');
  expect(await grace.page.getByTestId('missed').textContent()).toBe('2');
  expect(await grace.page.title()).toContain('(2)');
  await grace.page.getByTestId('bell').click();
  await grace.page.getByTestId('bell').waitFor({ state: 'detached' });
  await ada.page.context().close();
  await grace.page.context().close();
});

test('it speaks the reader’s language, and another one at once', async () => {
  const { page } = await visit(here.browser, here.relay, 'languages', { locale: 'de-CH' });
  await page.getByText('Beitreten und sprechen').waitFor();
  await page.getByTestId('sound-settings').click();
  await page.getByTestId('language').selectOption('pt');
  await page.getByText('Entrar e falar').waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('pt');
  await page.reload();
  await page.getByText('Entrar e falar').waitFor();
  await page.context().close();
});

test('reloaded while the relay is away the page says so, and comes back with the relay', async () => {
  const own = await Relay.start();
  const context = await here.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(own.link('away'));
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  // What an update leaves behind: the same script, and the page that it kept before.
  await page.evaluate(async () => {
    const [name] = await caches.keys();
    await (await caches.open(name!)).put('/offline.html', new Response('old'));
  });
  await page.reload();
  const kept = () => page.evaluate(async () => (await caches.match('/offline.html'))!.text());
  await expect.poll(kept).toContain('The relay does not answer');
  await own.down();
  await page.reload();
  await page.getByText('The relay does not answer').waitFor();
  await own.up();
  await page.getByTestId('join').waitFor({ timeout: 20_000 });
  const all = await page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(all.sort()).toEqual(['/offline.css', '/offline.html', '/offline.js']);
  await context.close();
  await own.close();
});

/** Ada talks, Grace listens. */
async function two(room: string) {
  const ada = await join(here.browser, here.relay, room, 'Ada');
  const grace = await join(here.browser, here.relay, room, 'Grace', 'listen');
  await grace.page.getByTestId('delay').waitFor();
  return {
    ada,
    grace,
    [Symbol.asyncDispose]: async () => {
      await ada.page.context().close();
      await grace.page.context().close();
    },
  };
}
