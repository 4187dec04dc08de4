// WebKitGTK through its own WebDriver, in a screen that nobody sees: the nearest to Safari that Linux has.

import { existsSync } from 'node:fs';
import { comeFirst } from '../support/machine.ts';
import { Child, freePort } from '../support/process.ts';
import { type OtherBrowser, selector, type Tab } from './tab.ts';

const MINI_BROWSER = [
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser',
  '/usr/libexec/webkit2gtk-4.1/MiniBrowser',
];
/** What WebDriver calls the key of an element's id. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const START_MS = 20_000;
const STARTS = 3;
/** A driver that has not answered by then never will. */
const ANSWER_MS = 30_000;

export async function webkit(env: Record<string, string>): Promise<OtherBrowser> {
  const binary = process.env.MINI_BROWSER ?? MINI_BROWSER.find((path) => existsSync(path));
  if (binary === undefined) throw new Error('there is no MiniBrowser: install webkit2gtk-driver');
  for (let n = 1; ; n++) {
    try {
      return await started(binary, env);
    } catch (error) {
      if (n === STARTS) throw error;
    }
  }
}

async function started(binary: string, env: Record<string, string>): Promise<OtherBrowser> {
  const { xvfb, screen } = await display();
  const port = await freePort();
  const driver = new Child('WebKitWebDriver', [`--port=${port}`], {
    ...env,
    DISPLAY: screen,
    LANGUAGE: 'en',
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  });
  const root = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await driver.stop();
    await xvfb.stop();
  };
  try {
    const capabilities = {
      alwaysMatch: {
        acceptInsecureCerts: true,
        'webkitgtk:browserOptions': { binary, args: ['--automation', '--ignore-tls-errors'] },
      },
    };
    const { sessionId } = (await patiently(() => call(root, 'POST', '/session', { capabilities }))) as {
      sessionId: string;
    };
    comeFirst();
    const session = `${root}/session/${sessionId}`;
    return {
      tab: async () => tab(session),
      close: async () => {
        await call(session, 'DELETE', '').catch(() => {});
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tab(session: string): Tab {
  return {
    open: async (url) => void (await call(session, 'POST', '/url', { url })),
    reload: async () => void (await call(session, 'POST', '/refresh', {})),
    click: async (testid) => {
      const found = await call(session, 'POST', '/element', { using: 'css selector', value: selector(testid) });
      await call(session, 'POST', `/element/${(found as Record<string, string>)[ELEMENT]}/click`, {});
    },
    evaluate: (expression) => call(session, 'POST', '/execute/sync', { script: `return (${expression});`, args: [] }),
    close: async () => void (await call(session, 'POST', '/url', { url: 'about:blank' })),
  };
}

/** A screen of its own, of whatever number is free. */
async function display(): Promise<{ xvfb: Child; screen: string }> {
  const xvfb = new Child('Xvfb', ['-displayfd', '1', '-screen', '0', '1000x1000x24', '-nolisten', 'tcp']);
  try {
    const number = await patiently(async () => {
      const [, said] = /^(\d+)\n/m.exec(xvfb.output) ?? [];
      if (said === undefined) throw new Error(`Xvfb does not say which screen it has:\n${xvfb.output}`);
      return said;
    });
    return { xvfb, screen: `:${number}` };
  } catch (error) {
    await xvfb.stop();
    throw error;
  }
}

async function call(root: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(
    `${root}${path}`,
    body === undefined ? { method, signal } : { method, signal, body: JSON.stringify(body) },
  );
  const { value } = (await answer.json()) as { value: { error?: string; message?: string } | null };
  if (!answer.ok) throw new Error(`WebDriver ${path}: ${value?.error} ${value?.message}`);
  return value;
}

/** Programs take a moment before they answer. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
