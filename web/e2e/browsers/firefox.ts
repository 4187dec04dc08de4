// Firefox through WebDriver BiDi, with the system's own microphone and speaker.

import puppeteer, { type Page } from 'puppeteer-core';
import { type OtherBrowser, selector, type Tab } from './tab.ts';

const ALLOW = 1;
const BLOCK = 2;
/** A launch hangs now and then. */
const LAUNCH_MS = 30_000;
const LAUNCHES = 3;

export async function firefox(env: Record<string, string>, microphone: 'granted' | 'refused'): Promise<OtherBrowser> {
  const browser = await launched(env, microphone);
  return {
    tab: async () => tab(await browser.newPage()),
    close: () => browser.close(),
  };
}

async function launched(env: Record<string, string>, microphone: 'granted' | 'refused') {
  for (let n = 1; ; n++) {
    try {
      return await puppeteer.launch({
        browser: 'firefox',
        executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
        headless: true,
        acceptInsecureCerts: true,
        timeout: LAUNCH_MS,
        env: { ...process.env, ...env },
        extraPrefsFirefox: {
          'media.autoplay.default': 0,
          'media.navigator.permission.disabled': microphone === 'granted',
          'permissions.default.microphone': microphone === 'granted' ? ALLOW : BLOCK,
          'intl.accept_languages': 'en-US',
        },
      });
    } catch (error) {
      if (n === LAUNCHES) throw error;
    }
  }
}

function tab(page: Page): Tab {
  return {
    open: async (url) => {
      await page.goto(url);
    },
    reload: async () => {
      await page.reload();
    },
    click: (testid) => page.locator(selector(testid)).click(),
    evaluate: (expression) => page.evaluate(expression),
    close: () => page.close(),
  };
}
