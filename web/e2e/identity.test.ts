// Proves: one's own name and colour are changed in the room, by pointer or keyboard; everybody sees it, the host too; old
// lines keep the old name; and a reload, another visit and a relay that was started anew find the new one.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { connected, join, participant, visitLink } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage();

const colourOf = (page: Page, name: string) => participant(page, name).locator('.avatar').getAttribute('class');

async function write(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-send').click();
}

test('another name and colour are seen by all, and are there after a reload and the next time', async () => {
  const ada = await join(here.browser, here.relay, 'identity', 'Ada');
  const grace = await join(here.browser, here.relay, 'identity', 'Grace', 'listen');
  await participant(ada.page, 'Grace').waitFor();
  expect(await colourOf(grace.page, 'Ada')).toContain('colour-0');
  expect(await colourOf(grace.page, 'Grace')).toContain('colour-1');
  // Whom Grace does not want to hear she does not hear under another name either.
  await grace.page.getByTestId('person').click();
  await grace.page.getByTestId('person-silence').check();
  await grace.page.getByTestId('sheet-close').click();
  await write(ada.page, 'as Ada');
  await grace.page.getByText('as Ada').waitFor();

  await ada.page.getByTestId('own-person').click();
  await ada.page.getByTestId('name').fill('Countess of Lovelace');
  await ada.page.getByTestId('colour-5').check();
  await ada.page.getByTestId('identity-save').click();
  await ada.page.getByTestId('identity-sheet').waitFor({ state: 'detached' });
  for (const { page } of [ada, grace]) {
    await participant(page, 'Countess of Lovelace').waitFor();
    expect(await colourOf(page, 'Countess of Lovelace')).toContain('colour-5');
    await page.getByText('Ada is now Countess of Lovelace').waitFor();
  }
  expect(await participant(grace.page, 'Countess of Lovelace').getAttribute('data-silenced')).toBe('true');
  await write(ada.page, 'as the countess');
  await grace.page.getByText('as the countess').waitFor();
  expect(await grace.page.locator('.said-head bdi').allTextContents()).toEqual(['Ada', 'Countess of Lovelace']);
  const host = await visitLink(here.browser, here.relay, `${here.relay.origin}/host#${here.relay.hostKey}`);
  await host.page.getByTestId('host-room').filter({ hasText: 'identity' }).click();
  const shown = host.page.getByTestId('inside').filter({ hasText: 'Countess of Lovelace' });
  await shown.waitFor();
  expect(await shown.locator('.avatar').getAttribute('class')).toContain('colour-5');
  await host.page.context().close();

  await ada.page.reload();
  await connected(ada.page);
  await participant(ada.page, 'Countess of Lovelace').and(ada.page.locator('[data-self=true]')).waitFor();
  await ada.page.getByTestId('leave').click();
  expect(await ada.page.getByTestId('name').inputValue()).toBe('Countess of Lovelace');
  await participant(grace.page, 'Countess of Lovelace').waitFor({ state: 'detached' });
  await ada.page.getByTestId('join').click();
  await participant(grace.page, 'Countess of Lovelace').locator('.colour-5').waitFor();
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('a relay that was killed and started anew finds everybody as they were called last', async () => {
  const ada = await join(here.browser, here.relay, 'renamed', 'Ada', 'listen');
  const grace = await join(here.browser, here.relay, 'renamed', 'Grace', 'listen');
  await ada.page.getByTestId('own-person').click();
  await ada.page.getByTestId('name').fill('Countess');
  await ada.page.getByTestId('colour-6').check();
  await ada.page.getByTestId('identity-save').click();
  await participant(grace.page, 'Countess').waitFor();
  await here.relay.down('SIGKILL');
  await grace.page.locator('[data-testid=status][data-state=lost]').waitFor();
  await here.relay.up();
  await connected(ada.page);
  await connected(grace.page);
  await participant(grace.page, 'Countess').locator('.colour-6').waitFor();
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('it goes by keyboard, and a name against the rules is explained and not sent', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'keyboard', 'Ada', 'listen');
  const own = page.getByRole('button', { name: 'Ada (you): change name and colour' });
  await own.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Your name and colour' });
  await dialog.waitFor();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('x'.repeat(33));
  await page.keyboard.press('Enter');
  await dialog.getByText('at most 32 characters').waitFor();
  await page.getByTestId('name').fill('a\u202eb');
  await page.keyboard.press('Enter');
  await dialog.getByText('must not contain control characters').waitFor();
  await page.getByTestId('name').fill('Zoë');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowRight');
  expect(await dialog.getByRole('radio', { name: 'Brown' }).isChecked()).toBe(true);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await participant(page, 'Zoë').locator('.colour-1').waitFor();
  // Closed without saving, nothing changes.
  await page.getByTestId('own-person').click();
  await page.getByTestId('name').fill('Nobody');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByTestId('own-person').click();
  expect(await page.getByTestId('name').inputValue()).toBe('Zoë');
  expect(complaints).toEqual([]);
  await page.context().close();
});
