// Proves: the focus of who uses a keyboard is somewhere after each change of the screen.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { connected, visit } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage();

const focused = (page: Page) => page.evaluate(() => document.activeElement!.outerHTML);

test('who joins by keyboard is at the talk control, and at the heading after leaving', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'focus');
  await page.getByTestId('name').fill('Ada');
  for (const way of ['join', 'name', 'join-listen']) {
    await page.getByTestId(way).focus();
    await page.keyboard.press('Enter');
    await connected(page);
    await expect.poll(() => focused(page)).toContain(way === 'join-listen' ? 'unmute-listener' : '"mute"');
    await page.getByTestId('leave').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('join').waitFor();
    await expect.poll(() => focused(page)).toContain('Lanline</h1>');
  }
  // A mouse leaves the space bar what it is.
  await page.getByTestId('join').click();
  await connected(page);
  expect(await focused(page)).toContain('<body');
  expect(complaints).toEqual([]);
  await page.context().close();
});
