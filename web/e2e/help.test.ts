// Proves: the help port's page helps on a phone and on a desktop, in both colour schemes, without a script; and what it hands
// out comes as each system opens it.

import { expect, test } from 'vitest';
import { problems } from './support/axe.ts';
import { launch } from './support/chromium.ts';
import { freePort } from './support/process.ts';
import { Relay } from './support/relay.ts';

test('the help fits any screen, is readable, and leads to the page', async () => {
  const port = await freePort();
  const relay = await Relay.start(['--help-port', String(port)]);
  const browser = await launch();
  const help = `http://127.0.0.1:${port}/`;
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, userAgent, opened] of [
      [320, 'iPhone', 'iPhone, iPad'],
      [390, 'Android', 'Android'],
      [1200, 'Windows', 'Windows'],
    ] as const) {
      // The page lets no script run; axe is one.
      const context = await browser.newContext({
        ...{ colorScheme, userAgent, bypassCSP: true, ignoreHTTPSErrors: true },
        viewport: { width, height: 800 },
      });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.goto(help);
      expect(await page.locator('details[open] > summary').allTextContents()).toEqual([opened]);
      expect(await page.locator('details[open] svg').count()).toBeGreaterThan(0);
      await page.evaluate(() => {
        for (const each of document.querySelectorAll('details')) each.open = true;
      });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(
        0,
      );
      expect(await problems(page)).toEqual([]);
      expect(errors).toEqual([]);
      await page.locator('.main').click();
      await page.getByTestId('join').waitFor();
      expect(page.url()).toBe(`${relay.origin}/`);
      await context.close();
    }
  }
  for (const [file, kind] of [
    ['ca.mobileconfig', 'application/x-apple-aspen-config'],
    ['ca.crt', 'application/x-x509-ca-cert'],
  ]) {
    const answer = await fetch(`${help}${file}`);
    expect(answer.headers.get('content-type')).toBe(kind);
    expect(answer.headers.get('content-disposition')).toContain('attachment');
  }
  await browser.close();
  await relay.close();
});
