// Proves, in Chromium with nothing but the relay's authority trusted: from the QR code's link page, socket and microphone work by
// bare address, and the authority is good for nothing else; without it the way through the warning works. Both as soon as
// they should.

import { type ChildProcess, spawn } from 'node:child_process';
import { join as path } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connected, launch } from './support/chromium.ts';
import { readCode } from './support/code.ts';
import { built, temporaryFolder } from './support/process.ts';
import { Relay } from './support/relay.ts';
import { speech, writeWav } from './support/sound.ts';
import { bareAddress, impostor, LOCAL_NAME, PUBLIC_NAME, trust } from './support/trust.ts';

const folder = temporaryFolder();
const microphone = path(folder.path, 'microphone.wav');
const code = path(folder.path, 'join.png');
let relay: Relay;

beforeAll(async () => {
  writeWav(microphone, speech('austen-0890'));
  relay = await Relay.closed(['--qr-file', code], bareAddress());
});
afterAll(async () => {
  await relay?.close();
  folder.remove();
});

/** A browser that has never been used, and that home for its profile. */
const fresh = (home: string, more: string[] = []): Promise<Browser> =>
  launch({ file: microphone }, { HOME: home }, 'trusted', more);

function trusting(name: string): string {
  const home = path(folder.path, name);
  trust(path(home, '.pki/nssdb'), relay);
  return home;
}

/** Resolves when a native listener that trusts the authority hears the first word. */
function firstWord(link: string): { heard: Promise<void>; listener: ChildProcess } {
  const ca = path(relay.folder, 'ca.pem');
  const args = ['listen', '--url', link, '--ca', ca, '--name', 'Native ear', '--out', '-'];
  const listener = spawn(built('capture-cli', 'CAPTURE_CLI'), args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const heard = new Promise<void>((resolve, reject) => {
    listener.once('exit', () => reject(new Error('the listener ended')));
    let odd = Buffer.alloc(0);
    listener.stdout.on('data', (part: Buffer) => {
      const bytes = Buffer.concat([odd, part]);
      odd = bytes.subarray(bytes.length & ~1);
      for (let at = 0; at + 1 < bytes.length; at += 2) if (Math.abs(bytes.readInt16LE(at)) > 1_000) return resolve();
    });
  });
  return { heard, listener };
}

/** From the link to the first word that a native listener hears. */
async function seconds(browser: Browser, way: (page: Page, link: string) => Promise<void>): Promise<number> {
  const link = await readCode(browser, code);
  const { heard, listener } = firstWord(link);
  try {
    const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
    const begin = performance.now();
    await way(page, link);
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('join').click();
    await connected(page);
    await heard;
    return (performance.now() - begin) / 1_000;
  } finally {
    listener.kill();
  }
}

test('trusted: from the link to the first word within 5 s', async () => {
  const browser = await fresh(trusting('trusted'));
  const took = await seconds(browser, async (page, link) => void (await page.goto(link)));
  console.log(`${relay.origin}, authority trusted: ${took.toFixed(1)} s from the link to the first word`);
  expect(took).toBeLessThan(5);
  await browser.close();
});

test('not trusted: through the warning within 10 s', async () => {
  const browser = await fresh(path(folder.path, 'untrusted'));
  const took = await seconds(browser, async (page, link) => {
    await expect(page.goto(link)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
    await page.locator('#details-button').click();
    await page.locator('#proceed-link').click();
  });
  console.log(`${relay.origin}, through the warning: ${took.toFixed(1)} s from the link to the first word`);
  expect(took).toBeLessThan(10);
  await browser.close();
});

test('the authority vouches for local names and for no public one', async () => {
  const servers = await Promise.all([LOCAL_NAME, PUBLIC_NAME].map((name) => impostor(relay, name, folder.path)));
  const here = [LOCAL_NAME, PUBLIC_NAME].map((name) => `MAP ${name} 127.0.0.1`).join(',');
  const browser = await fresh(trusting('impostor'), [`--host-resolver-rules=${here}`]);
  const page = await browser.newPage();
  await page.goto(servers[0]!.url);
  expect(await page.textContent('body')).toBe('reached');
  await expect(page.goto(servers[1]!.url)).rejects.toThrow(/ERR_CERT_(AUTHORITY_)?INVALID/);
  await browser.close();
  for (const { server } of servers) server.close();
});
