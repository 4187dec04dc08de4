// Proves: what keeps a page from sound has a screen of its own, with the next step, and trying again does.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connected, launch, visit } from './support/chromium.ts';
import { Relay } from './support/relay.ts';

/** The relay's own name; nothing in it says that it is this machine, so no browser takes it for secure without https. */
const NAME = 'lanline.local';

let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  relay = await Relay.start();
  browser = await launch({}, {}, 'any', [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`]);
});

afterAll(async () => {
  await browser?.close();
  await relay?.close();
});

async function tryToJoin(page: Page): Promise<void> {
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
}

const failed = (page: Page, kind: string) => page.locator(`[data-testid=failure][data-kind=${kind}]`).waitFor();

test.each<[string, (wasm: Buffer) => Buffer]>([
  ['is cut off on the way', (wasm) => wasm.subarray(0, wasm.length >> 1)],
  ['compiles, and computes something else', withoutTables],
])('a codec that %s fails the self-test; a whole one is taken next time', async (_, change) => {
  const { page } = await visit(browser, relay, 'codec', { serviceWorkers: 'block' });
  let broken = true;
  await page.route('**/*.wasm', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: broken ? change(await response.body()) : await response.body() });
  });
  await tryToJoin(page);
  await failed(page, 'codec');
  await page.getByText('The codec failed its self-test').waitFor();
  await page.getByRole('button', { name: 'Reload the page' }).waitFor();
  broken = false;
  await page.getByTestId('retry').click();
  await connected(page);
  await page.context().close();
});

test('a browser without audio worklets is told so', async () => {
  const { page, complaints } = await visit(browser, relay, 'unsupported');
  await page.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'AudioWorkletNode');
  });
  await page.reload();
  await tryToJoin(page);
  await failed(page, 'unsupported');
  await page.getByText('This browser cannot do it').waitFor();
  await page.getByTestId('retry').click();
  await failed(page, 'unsupported');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a page over plain http says that it needs https, what helps, and leads nowhere', async () => {
  const plain = await Relay.start(['--plain']);
  const origin = `http://${NAME}:${plain.port}`;
  const { page, complaints } = await visit(browser, { origin }, 'plain');
  await tryToJoin(page);
  await failed(page, 'insecure');
  await page.getByText('This page needs https').waitFor();
  await page.getByText('start it without --plain').waitFor();
  // A port that speaks http speaks no https.
  expect(await page.getByRole('link').count()).toBe(0);
  // A header that means nothing without https, as the browser says.
  expect(complaints.filter((each) => !each.includes('Cross-Origin-Opener-Policy'))).toEqual([]);
  await page.context().close();
  await plain.close();
});

/** The same code with nothing but zeros in its tables. */
function withoutTables(wasm: Buffer): Buffer {
  const changed = Buffer.from(wasm);
  const data = sectionOf(changed, DATA_SECTION);
  changed.fill(0, data.from + data.length - 16_384, data.from + data.length);
  return changed;
}

const DATA_SECTION = 11;

/** Sections follow a header of 8 bytes: each an id, its length in LEB128, and its content. */
function sectionOf(wasm: Buffer, wanted: number): { from: number; length: number } {
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at]!;
    let [length, shift] = [0, 0];
    do {
      at += 1;
      length += (wasm[at]! & 0x7f) << shift;
      shift += 7;
    } while (wasm[at]! & 0x80);
    at += 1;
    if (id === wanted) return { from: at, length };
    at += length;
  }
  throw new Error(`there is no section ${wanted}`);
}
