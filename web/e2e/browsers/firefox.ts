// Firefox through WebDriver BiDi, with the system's own microphone and speaker.

import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { comeFirst } from '../support/machine.ts';
import { type OtherBrowser, selector, type Tab } from './tab.ts';

const ALLOW = 1;
const BLOCK = 2;
/** A launch hangs now and then. */
const LAUNCH_MS = 30_000;
const LAUNCHES = 3;
const ANSWER_MS = 2_000;

/** `profile` is a folder whose certificate database decides what is trusted; without one everything is. */
export async function firefox(
  env: Record<string, string>,
  microphone: 'granted' | 'refused',
  { profile, preferences = {} }: Profile = {},
): Promise<OtherBrowser> {
  const browser = await launched(env, microphone, { profile, preferences });
  comeFirst();
  return {
    tab: async () => tab(await within(LAUNCH_MS, browser.newPage(), 'new page')),
    // One that hangs does not close when asked.
    close: () =>
      within(LAUNCH_MS, browser.close(), 'close').catch(() => {
        browser.process()?.kill('SIGKILL');
      }),
  };
}

interface Profile {
  profile?: string | undefined;
  preferences?: Record<string, boolean | number | string>;
}

async function launched(
  env: Record<string, string>,
  microphone: 'granted' | 'refused',
  { profile, preferences }: Profile,
): Promise<Browser> {
  for (let n = 1; ; n++) {
    let browser: Browser | null = null;
    try {
      browser = await puppeteer.launch({
        browser: 'firefox',
        executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
        headless: true,
        acceptInsecureCerts: profile === undefined,
        ...(profile === undefined ? {} : { userDataDir: profile }),
        timeout: LAUNCH_MS,
        // Its default lets a session that is never begun wait for three minutes.
        protocolTimeout: LAUNCH_MS,
        env: { ...process.env, ...env },
        extraPrefsFirefox: {
          'media.autoplay.default': 0,
          'media.navigator.permission.disabled': microphone === 'granted',
          'permissions.default.microphone': microphone === 'granted' ? ALLOW : BLOCK,
          'intl.accept_languages': 'en-US',
          ...preferences,
        },
      });
      // It may be there and not answer.
      await within(LAUNCH_MS, browser.version(), 'version');
      return browser;
    } catch (error) {
      browser?.process()?.kill('SIGKILL');
      if (n === LAUNCHES) throw error;
    }
  }
}

function within<T>(ms: number, what: Promise<T>, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Firefox did not answer to "${name}" within ${ms} ms`)), ms);
    what.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function tab(page: Page): Tab {
  const asked = <T>(what: Promise<T>, name: string): Promise<T> => within(LAUNCH_MS, what, name);
  return {
    open: async (url) => void (await asked(page.goto(url), 'open')),
    // The driver's own reload is now and then never answered.
    reload: async () => {
      await asked(page.evaluate('globalThis.old = true; void setTimeout(() => location.reload(), 0)'), 'reload');
      for (let old: unknown = true; old !== false; ) {
        // What is asked of a page that is just going is never answered.
        old = await within(ANSWER_MS, page.evaluate('globalThis.old === true'), 'old').catch(() => true);
      }
    },
    click: (testid) => asked(page.locator(selector(testid)).click(), `click ${testid}`),
    evaluate: (expression) => asked(page.evaluate(expression), expression),
    close: () => asked(page.close(), 'close page'),
  };
}
