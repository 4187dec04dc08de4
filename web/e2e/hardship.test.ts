// Proves: a page that is slowed down, that stands still, or whose link stalls again and again comes back to its normal
// delay within two seconds each time, and plays nothing old on the way.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { BadLink } from './support/bad-link.ts';
import { connected, join, participant, type Visit } from './support/chromium.ts';
import { DelayLog, NORMAL_MS, OLDEST_HEARD_MS, pass, RECOVERY_MS } from './support/delay-log.ts';
import { whenCalm } from './support/machine.ts';
import { freePort } from './support/process.ts';
import { stage } from './support/stage.ts';

const [talkersPort, listenersPort] = [await freePort(), await freePort()];
const here = stage('austen-0890', [talkersPort, listenersPort].flatMap(BadLink.allowing));

const STALL_MS = 1_000;
const EVERY_MS = 10_000;
const STALLS = 2;
/** A busy machine makes a page wait until it may be judged, and be judged more than once. */
const PATIENCE_MS = 600_000;

let links: { talk: BadLink; listen: BadLink };
/** Ada talks, Grace listens, each behind a link of their own. */
let ada: Visit;
let grace: Visit;
let log: DelayLog;

beforeAll(async () => {
  links = {
    talk: await BadLink.to(here.relay.port, talkersPort),
    listen: await BadLink.to(here.relay.port, listenersPort),
  };
  ada = await join(here.browser, links.talk, 'room', 'Ada', 'talk');
  grace = await join(here.browser, links.listen, 'room', 'Grace', 'listen');
  await grace.page.getByTestId('delay').waitFor();
  log = await DelayLog.of(grace.page);
});

afterAll(() => {
  links?.talk.close();
  links?.listen.close();
});

/** Two seconds after `suffer` the delay has to be as it was, and nothing old may have been heard at all; each time. */
const endures = (suffer: () => Promise<void>, times = 1): Promise<void> =>
  whenCalm(async () => {
    const before = await log.usual();
    for (let n = 1; ; n++) {
      const from = Date.now();
      await suffer();
      await pass(grace.page, RECOVERY_MS);
      const after = await log.reached(RECOVERY_MS);
      const oldest = Math.max(...(await log.last(Date.now() - from)));
      console.log(`delay before ${before} ms, after ${after} ms, the oldest heard ${oldest} ms`);
      expect(after).toBeLessThan(before + NORMAL_MS);
      expect(oldest).toBeLessThanOrEqual(OLDEST_HEARD_MS);
      if (n === times) return;
      await pass(grace.page, EVERY_MS - (Date.now() - from));
    }
  });

test.each(['talk', 'listen'] as const)(
  'a link that stalls for a second every ten: of who is to %s',
  async (mode) => {
    await endures(async () => {
      links[mode].stall();
      await pass(grace.page, STALL_MS);
      links[mode].recover();
    }, STALLS);
    await connected(mode === 'talk' ? ada.page : grace.page);
  },
  PATIENCE_MS,
);

test.each(['talk', 'listen'] as const)(
  'a processor six times slower: of who is to %s',
  async (mode) => {
    const { page } = mode === 'talk' ? ada : grace;
    const session = await page.context().newCDPSession(page);
    await endures(async () => {
      await session.send('Emulation.setCPUThrottlingRate', { rate: 6 });
      await pass(grace.page, 3_000);
      await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    });
  },
  PATIENCE_MS,
);

test(
  'a page that stands still for eight seconds keeps its seat',
  async () => {
    const { page } = grace;
    const session = await page.context().newCDPSession(page);
    const id = await participant(ada.page, 'Grace').getAttribute('data-id');
    await endures(async () => {
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      await pass(ada.page, 8_000);
      await session.send('Page.setWebLifecycleState', { state: 'active' });
    });
    await connected(page);
    expect(await participant(ada.page, 'Grace').getAttribute('data-id')).toBe(id);
  },
  PATIENCE_MS,
);
