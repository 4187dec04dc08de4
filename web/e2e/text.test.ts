// Proves, in real Chromium against the real relay: joining, who is here, chat, notices, and that words from outside
// are words.

import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { Bare } from './support/bare.ts';
import { connected, join, participant, visit } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage();

test('two people see each other come and go', async () => {
  const ada = await join(here.browser, here.relay, 'roster', 'Ada');
  const grace = await join(here.browser, here.relay, 'roster', 'Grace');
  await participant(ada.page, 'Grace').waitFor();
  await participant(grace.page, 'Ada').waitFor();
  expect(await ada.page.getByTestId('participant').count()).toBe(2);
  await grace.page.getByTestId('leave').click();
  await grace.page.getByTestId('join').waitFor();
  await participant(ada.page, 'Grace').waitFor({ state: 'detached' });
  // A name that runs from right to left turns nothing but itself.
  const events = ada.page.locator('.line.event');
  expect(await events.allTextContents()).toEqual(['Grace joined', 'Grace left']);
  expect(await events.locator('bdi').allTextContents()).toEqual(['Grace', 'Grace']);
  expect(await grace.page.getByTestId('name').inputValue()).toBe('Grace');
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('the name is asked for, checked, and remembered', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'names');
  await page.getByTestId('join').click();
  await page.getByText('Please enter a name.').waitFor();
  await page.getByTestId('name').fill('x'.repeat(33));
  await page.getByTestId('join').click();
  await page.getByText('at most 32 characters').waitFor();
  await page.getByTestId('name').fill('Zoë');
  await page.getByTestId('join').click();
  await participant(page, 'Zoë').waitFor();
  await page.getByTestId('leave').click();
  await page.reload();
  expect(await page.getByTestId('name').inputValue()).toBe('Zoë');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('chat goes both ways, in order', async () => {
  const ada = await join(here.browser, here.relay, 'chat', 'Ada');
  const grace = await join(here.browser, here.relay, 'chat', 'Grace', 'listen');
  await ada.page.getByTestId('chat-input').fill('Hello, Grace 👋');
  await ada.page.getByTestId('chat-send').click();
  await grace.page.getByText('Hello, Grace 👋').waitFor();
  await grace.page.getByTestId('chat-input').fill('Hello, Ada');
  await grace.page.getByTestId('chat-input').press('Enter');
  for (const { page } of [ada, grace]) {
    await page.getByText('Hello, Ada').waitFor();
    expect(await page.getByTestId('chat-text').allTextContents()).toEqual(['Hello, Grace 👋', 'Hello, Ada']);
  }
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('a notice over HTTP is shown at once, by its severity, and goes when dismissed', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'notices', 'Ada', 'listen');
  const answer = await here.relay.notify('notices', {
    severity: 'critical',
    title: 'Fire drill',
    text: 'By the north door.',
  });
  expect(answer.status).toBe(202);
  const notice = page.getByTestId('notice');
  await notice.waitFor();
  expect(await notice.getAttribute('data-severity')).toBe('critical');
  expect(await notice.getByTestId('notice-title').textContent()).toBe('Fire drill');
  expect(await notice.getByTestId('notice-text').textContent()).toBe('By the north door.');
  await notice.getByLabel('Dismiss').click();
  await notice.waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('names, lines and notices from outside are text, whatever they look like', async () => {
  const markup = '<img src=x onerror=alert(1)>';
  const ada = await join(here.browser, here.relay, 'markup', 'Ada', 'listen');
  const mallory = await join(here.browser, here.relay, 'markup', markup, 'listen');
  await participant(ada.page, markup).waitFor();
  await mallory.page.getByTestId('chat-input').fill(`<script>alert(2)</script>${markup}`);
  await mallory.page.getByTestId('chat-send').click();
  await ada.page.getByText('<script>alert(2)</script>').waitFor();
  await here.relay.notify('markup', { title: markup, text: markup });
  await ada.page.getByTestId('notice').waitFor();
  expect(await ada.page.evaluate(() => document.querySelectorAll('img, #app script').length)).toBe(0);
  expect([...ada.complaints, ...mallory.complaints]).toEqual([]);
  await ada.page.context().close();
  await mallory.page.context().close();
});

test('names that turn text around are refused, and so is a chat of 10,000 characters', async () => {
  const ada = await join(here.browser, here.relay, 'long', 'Ada', 'listen');
  // What is typed stops at the field's limit; a script does not.
  await ada.page.getByTestId('chat-input').evaluate((input) => {
    (input as HTMLInputElement).value = 'x'.repeat(10_000);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await ada.page.getByTestId('chat-send').click();
  await ada.page.getByTestId('notice').getByText('at most 1000 characters').waitFor();
  await ada.page.getByTestId('chat-input').fill('short');
  await ada.page.getByTestId('chat-send').click();
  await ada.page.getByTestId('chat-text').waitFor();
  expect(await ada.page.getByTestId('chat-text').allTextContents()).toEqual(['short']);

  const mallory = await visit(here.browser, here.relay, 'long');
  await mallory.page.getByTestId('name').fill('a\u202eb');
  await mallory.page.getByTestId('join').click();
  await mallory.page.getByText('must not contain control characters').waitFor();
  expect([...ada.complaints, ...mallory.complaints]).toEqual([]);
  await ada.page.context().close();
  await mallory.page.context().close();
});

test('a chat of 10,000 characters that gets past the page is refused by the relay, and said to be', async () => {
  const ada = await visit(here.browser, here.relay, 'past');
  await ada.page.addInitScript(() => {
    const original = Worker.prototype.postMessage as (message: unknown, transfer: unknown) => void;
    Worker.prototype.postMessage = function (message, transfer?: unknown) {
      const long = message.kind === 'chat' && message.text === 'long';
      original.call(this, long ? { ...message, text: 'x'.repeat(10_000) } : message, transfer);
    };
  });
  await ada.page.reload();
  await ada.page.getByTestId('name').fill('Ada');
  await ada.page.getByTestId('join-listen').click();
  await connected(ada.page);
  const mallory = await Bare.join(here.browser, here.relay, 'past', 'Mallory');
  const say = async (text: string) => {
    await ada.page.getByTestId('chat-input').fill(text);
    await ada.page.getByTestId('chat-send').click();
  };
  await say('long');
  await ada.page.getByTestId('notice').getByText('The relay refused that').waitFor();
  await mallory.say({ type: 'chat', text: 'y'.repeat(1_001) });
  expect(await mallory.told('error')).toMatchObject({ code: 'bad_message' });
  // Neither line is shown to anybody or said again, and both may go on.
  await connected(ada.page);
  await say('short');
  expect(await mallory.told('chat')).toMatchObject({ text: 'short' });
  await mallory.say({ type: 'chat', text: 'mine' });
  await ada.page.getByText('mine', { exact: true }).waitFor();
  expect(await ada.page.getByTestId('chat-text').allTextContents()).toEqual(['short', 'mine']);
  expect(ada.complaints).toEqual([]);
  await mallory.leave();
  await ada.page.context().close();
});

test('a line that turns text around turns nothing but itself', async () => {
  const ada = await join(here.browser, here.relay, 'turned', 'Ada', 'listen');
  const mallory = await Bare.join(here.browser, here.relay, 'turned', 'Mallory');
  // What overrides or embeds a direction is refused …
  for (const mark of ['\u202e', '\u202b', '\u2067']) {
    await mallory.say({ type: 'chat', text: `turned ${mark}abcdef` });
    expect(await mallory.told('error')).toMatchObject({ code: 'bad_message' });
  }
  // … and what is written from right to left is, but nothing around it.
  await mallory.say({ type: 'chat', text: 'שלום לכולם' });
  await mallory.say({ type: 'chat', text: 'straight on' });
  await ada.page.getByText('straight on').waitFor();
  const lines = ada.page.getByTestId('chat-line');
  expect(await lines.count()).toBe(2);
  expect(await runsOf(lines.nth(0).getByTestId('chat-text'))).toEqual(['left']);
  for (const n of [0, 1]) expect(await runsOf(lines.nth(n).locator('.said-head')), `head ${n}`).toEqual(['right']);
  expect(await runsOf(lines.nth(1).getByTestId('chat-text'))).toEqual(['right']);
  await mallory.leave();
  await ada.page.context().close();
});

test('a room whose name is malformed is explained', async () => {
  const context = await here.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const response = await page.goto(`${here.relay.origin}/r/Not%20a%20room`);
  if (response?.status() === 200) {
    await page.locator('[data-testid=failure][data-kind=bad_room]').waitFor();
  } else {
    expect(response?.status()).toBe(400);
  }
  await context.close();
});

/** Which ways the letters of an element run, as they are painted. */
const runsOf = (element: Locator): Promise<string[]> =>
  element.evaluate((root) => {
    const ways = new Set<string>();
    let before: number | null = null;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode as Text;
      for (let at = 0; at < text.length; at++) {
        if (!/[\p{L}\p{N}]/u.test(text.data[at]!)) continue;
        const letter = document.createRange();
        letter.setStart(text, at);
        letter.setEnd(text, at + 1);
        const { left } = letter.getBoundingClientRect();
        if (before !== null) ways.add(left > before ? 'right' : 'left');
        before = left;
      }
    }
    return [...ways];
  });
