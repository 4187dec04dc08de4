// A relay that was updated has another page. Whoever is inside when that happens goes on with the old one, which may not
// fit the relay for ever; so the page looks each time that it is welcomed. The names of its scripts hold the hash of all
// that the page is made of: another page names others. What an extension of the browser put there is none of them.

const ANSWER_MS = 8_000;
/** Where the page's own scripts are. */
const OWN = '/assets/';

/** Whether the relay has another page by now; false too where it does not say. */
export async function pageWasUpdated(): Promise<boolean> {
  const files = [
    ...[...document.scripts].map((script) => script.getAttribute('src')),
    ...[...document.querySelectorAll('link[rel=stylesheet]')].map((link) => link.getAttribute('href')),
  ].filter((name) => name?.startsWith(OWN));
  // What names none of them at all is another page than ours: a portal that wants to be paid first.
  const named = (page: string) => !page.includes(`"${OWN}`) || files.every((name) => page.includes(`"${name}"`));
  try {
    const answer = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok && !named(await answer.text());
  } catch {
    return false;
  }
}
