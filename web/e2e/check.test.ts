// Proves: the device check says what works, and what to do about what does not.

import { expect, test } from 'vitest';
import { problems } from './support/axe.ts';
import { launch } from './support/chromium.ts';
import { freePort } from './support/process.ts';
import { Relay } from './support/relay.ts';
import { stage } from './support/stage.ts';

const helpPort = await freePort();
const here = stage('austen-0890', ['--help-port', String(helpPort)]);

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
  const help = page.getByTestId('check-socket').getByRole('link');
  await help.waitFor();
  expect(await help.getAttribute('href')).toBe(`http://127.0.0.1:${helpPort}/`);
  await page.getByTestId('check-microphone-try').click();
  await page.locator('[data-testid=check-microphone][data-outcome=bad]').waitFor();
  expect(await page.getByTestId('check-microphone').textContent()).toContain('refuses');
  expect(await page.getByTestId('check-done').getAttribute('class')).not.toContain('primary');
  expect(await problems(page)).toEqual([]);
  await browser.close();
});

test('a relay without help offers none', async () => {
  const relay = await Relay.start();
  const context = await here.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.routeWebSocket(/check/, (socket) => void socket.close({ code: 1011 }));
  const told = page.waitForResponse(/healthz/);
  await page.goto(`${relay.origin}/check`);
  await (await told).finished();
  await page.locator('[data-testid=check-socket][data-outcome=bad]').waitFor();
  expect(await page.getByTestId('check-socket').getByRole('link').count()).toBe(0);
  await context.close();
  await relay.close();
});
