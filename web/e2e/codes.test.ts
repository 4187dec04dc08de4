// Proves: the QR codes that the relay writes say what a camera should read.

import { join as path } from 'node:path';
import { expect, test } from 'vitest';
import { launch } from './support/chromium.ts';
import { readCode } from './support/code.ts';
import { temporaryFolder } from './support/process.ts';
import { Relay } from './support/relay.ts';

test('the link and the Wi-Fi, as PNG and as SVG', async () => {
  const folder = temporaryFolder();
  const browser = await launch();
  for (const kind of ['png', 'svg']) {
    const file = path(folder.path, `join.${kind}`);
    const relay = await Relay.closed(['--qr-file', file, '--wifi-ssid', 'Stage; left']);
    const { key } = await relay.room('lobby');
    expect(await readCode(browser, file)).toBe(`${relay.link('lobby')}#${key}`);
    expect(await readCode(browser, path(folder.path, `join-wifi.${kind}`))).toBe('WIFI:T:nopass;S:Stage\\; left;;');
    await relay.close();
  }
  await browser.close();
  folder.remove();
});
