// A tab of any browser, as little of it as our tests need.

export interface Tab {
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /** A real click, which lets a page begin to play. */
  click(testid: string): Promise<void>;
  /** The value of a JavaScript expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface OtherBrowser {
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

/** A browser that starts and then does not answer is one of those that hang now and then: another one, once. */
export async function opened(
  start: () => Promise<OtherBrowser>,
  url: string,
): Promise<{ browser: OtherBrowser; tab: Tab }> {
  for (let n = 1; ; n++) {
    const browser = await start();
    try {
      const tab = await browser.tab();
      await tab.open(url);
      return { browser, tab };
    } catch (error) {
      await browser.close().catch(() => {});
      if (n === 2) throw error;
    }
  }
}

const PATIENCE_MS = 40_000;
const LOOK_MS = 100;

/** Waits until an expression is true of the page. */
export async function until(tab: Tab, expression: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await tab.evaluate(`Boolean(${expression})`))) {
    if (Date.now() > end) {
      const shown = await tab.evaluate('document.body.innerText');
      throw new Error(`not within ${PATIENCE_MS} ms: ${expression}\nThe page shows:\n${shown}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export const selector = (testid: string, more = ''): string => `[data-testid="${testid}"]${more}`;
export const there = (testid: string, more = ''): string =>
  `document.querySelector(${JSON.stringify(selector(testid, more))})`;

/** Puts text or a number into a field, as typing does. */
export async function fill(tab: Tab, testid: string, value: string): Promise<void> {
  await until(tab, there(testid));
  await tab.evaluate(`(() => {
    const field = ${there(testid)};
    field.value = ${JSON.stringify(value)};
    field.dispatchEvent(new Event('input', { bubbles: true }));
    return true;
  })()`);
}

export async function click(tab: Tab, testid: string): Promise<void> {
  await until(tab, `${there(testid)}?.disabled === false || ${there(testid)}?.disabled === undefined`);
  await tab.click(testid);
}

/** Somebody's tile with that attribute. */
export const person = (name: string, attributes: string): string =>
  `[...document.querySelectorAll(${JSON.stringify(selector('participant', attributes))})]
    .some((tile) => tile.querySelector('[data-testid=participant-name]').textContent === ${JSON.stringify(name)})`;
