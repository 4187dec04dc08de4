// Chromium with a microphone that speaks a WAV file, and the page opened in it.

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { comeFirst } from './machine.ts';
import type { Relay } from './relay.ts';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export interface Microphone {
  /** What it hears, over and over; without a file it beeps. */
  file?: string;
  /** `refused`: it is there, and whoever is asked says no. `missing`: there is none. `real`: what the system has. */
  access?: 'granted' | 'refused' | 'missing' | 'real';
}

export const executable = (): string => process.env.CHROMIUM ?? '/usr/bin/chromium';

/** What it is started with, for such a microphone. */
export function flags({ file, access = 'granted' }: Microphone, certificates: 'any' | 'trusted' = 'any'): string[] {
  const args = [...FLAGS];
  if (certificates === 'any') args.push('--ignore-certificate-errors');
  if (access === 'granted' || access === 'real') args.push('--use-fake-ui-for-media-stream');
  if (access === 'granted' || access === 'refused') args.push('--use-fake-device-for-media-stream');
  if (file !== undefined) args.push(`--use-file-for-fake-audio-capture=${file}`);
  return args;
}

export async function launch(
  microphone: Microphone = {},
  env: Record<string, string> = {},
  certificates: 'any' | 'trusted' = 'any',
  more: string[] = [],
): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executable(),
    args: [...flags(microphone, certificates), ...more],
    // Playwright mutes what it runs headless; here somebody listens.
    ignoreDefaultArgs: ['--mute-audio'],
    env: { ...(process.env as Record<string, string>), ...env },
  });
  comeFirst();
  return browser;
}

const RELAY_IS_DOWN =
  /ERR_CONNECTION_(REFUSED|RESET|CLOSED|ABORTED)|ERR_EMPTY_RESPONSE|WebSocket connection|error occurred when fetching the script/;

export interface Visit {
  page: Page;
  /** Errors of scripts and of the content security policy, and requests to anywhere else. */
  complaints: string[];
}

/** What the page finds kept by the browser. The microphone is taken as it is: a test compares it. */
export const UNPROCESSED = { 'echo-cancellation': 'off', 'noise-suppression': 'off', 'automatic-gain': 'off' };

/** Opens the page of a room in a profile of its own, not joined yet. */
export const visit = (
  browser: Browser,
  relay: Pick<Relay, 'origin'>,
  room: string,
  options: BrowserContextOptions = {},
  kept: Record<string, string> = {},
): Promise<Visit> => visitLink(browser, relay, `${relay.origin}/r/${room}`, options, kept);

export async function visitLink(
  browser: Browser,
  relay: Pick<Relay, 'origin'>,
  link: string,
  options: BrowserContextOptions = {},
  kept: Record<string, string> = {},
): Promise<Visit> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 390, height: 844 },
    ...options,
  });
  await context.addInitScript(
    (all) => {
      // Once a profile: what is chosen on the page outlives a reload.
      for (const [key, value] of all)
        localStorage.getItem(`lanline.${key}`) ?? localStorage.setItem(`lanline.${key}`, value);
    },
    Object.entries({ ...UNPROCESSED, ...kept }),
  );
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A relay that is down cannot be reached, nor by a connection that was still open; that is what some tests are about.
    if (message.type() === 'error' && !RELAY_IS_DOWN.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    // A blob is of the page itself.
    const url = request.url().replace(/^blob:/, '');
    if (!url.startsWith(relay.origin)) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(link);
  return { page, complaints };
}

/** Visits, and joins under that name. `relay`: or a way to it that has another address. */
export async function join(
  browser: Browser,
  relay: Pick<Relay, 'origin'>,
  room: string,
  name: string,
  mode: 'talk' | 'listen' = 'talk',
  kept: Record<string, string> = {},
): Promise<Visit> {
  const visited = await visit(browser, relay, room, {}, kept);
  await visited.page.getByTestId('name').fill(name);
  await visited.page.getByTestId(mode === 'talk' ? 'join' : 'join-listen').click();
  await connected(visited.page);
  return visited;
}

export const connected = (page: Page): Promise<void> =>
  page.locator('[data-testid=status][data-state=open]').waitFor({ timeout: 20_000 });

export const participant = (page: Page, name: string) =>
  page.getByTestId('participant').filter({ has: page.getByText(name, { exact: true }) });
