// Proves, in Firefox with nothing but the relay's authority trusted: page, socket and microphone work by bare address, and
// the authority is good for nothing else.

import { join as path } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/process.ts';
import { Speaker } from '../support/pulse.ts';
import { Relay } from '../support/relay.ts';
import { bareAddress, impostor, LOCAL_NAME, PUBLIC_NAME, trust } from '../support/trust.ts';
import { firefox } from './firefox.ts';
import { click, fill, type OtherBrowser, opened, person, type Tab, there, until } from './tab.ts';

test('Firefox: who trusts the authority talks by bare address, and no public name can be forged', async () => {
  const folder = temporaryFolder();
  const relay = await Relay.start([], bareAddress());
  const profile = path(folder.path, 'profile');
  trust(profile, relay);
  const names = [LOCAL_NAME, PUBLIC_NAME];
  const servers = await Promise.all(names.map((name) => impostor(relay, name, folder.path)));
  // Its own microphone, which hums; and names that lead to loopback.
  const preferences = { 'media.navigator.streams.fake': true, 'network.dns.localDomains': names.join(',') };
  const speaker = await Speaker.start({ room: true });
  let browser: OtherBrowser | undefined;
  try {
    let tab: Tab;
    const start = () => firefox(speaker.env, 'granted', { profile, preferences });
    ({ browser, tab } = await opened(start, relay.link('trusted')));
    await fill(tab, 'name', 'Ada');
    await click(tab, 'join');
    await until(tab, there('status', '[data-state=open]'));
    await until(tab, person('Ada', '[data-talking=true]'));
    await tab.open(servers[0]!.url);
    expect(await tab.evaluate('document.body.innerText')).toBe('reached');
    await expect(tab.open(servers[1]!.url)).rejects.toThrow(/MOZILLA_PKIX|SEC_ERROR|SSL_ERROR|insecure/i);
  } finally {
    await browser?.close();
    for (const { server } of servers) server.close();
    await relay.close();
    await speaker.close();
    folder.remove();
  }
});
