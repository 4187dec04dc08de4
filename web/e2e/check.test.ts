// Proves: the device check says what works, and what to do about what does not.

import { expect, test } from 'vitest';
import { problems } from './support/axe.ts';
import { launch } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage('austen-0890');

test('a device that has everything is ready', async () => {
  const context = await here.browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  await page.goto(`${here.relay.origin}/check`);
  await page.locator('[data-testid=check-page][data-outcome=good]').waitFor();
  await page.locator('[data-testid=check-socket][data-outcome=good]').waitFor();
  expect(await page.getByTestId('check-microphone').getAttribute('data-outcome')).toBe('open');
  expect(await problems(page)).toEqual([]);
  await page.getByTestId('check-microphone-try').click();
  await page.locator('[data-testid=check-microphone][data-outcome=good]').waitFor();
  expect(await page.getByTestId('check-done').getAttribute('class')).toContain('primary');
  expect(await problems(page)).toEqual([]);
  await context.close();
});

test('a socket and a microphone that are refused have their next step', async () => {
  const browser = await launch({ access: 'refused' });
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true, colorScheme: 'dark' })).newPage();
  await page.routeWebSocket(/check/, (socket) => void socket.close({ code: 1011 }));
  await page.goto(`${here.relay.origin}/check`);
  await page.locator('[data-testid=check-socket][data-outcome=bad]').waitFor();
  expect(await page.getByTestId('check-socket').getByRole('link').getAttribute('href')).toBe('http://127.0.0.1:8080/');
  await page.getByTestId('check-microphone-try').click();
  await page.locator('[data-testid=check-microphone][data-outcome=bad]').waitFor();
  expect(await page.getByTestId('check-microphone').textContent()).toContain('refuses');
  expect(await page.getByTestId('check-done').getAttribute('class')).not.toContain('primary');
  expect(await problems(page)).toEqual([]);
  await browser.close();
});
