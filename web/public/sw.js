// Says in words that the relay does not answer, instead of the browser's error page. It keeps that one page and nothing
// else: everything the relay serves is asked of the relay each time, so nobody ever sees an old page after an update. The
// one page is asked for again with each page that came, for an update may have changed it and not this script.

const KEPT = 'lanline-offline-1';
const OFFLINE = ['/offline.html', '/offline.css', '/offline.js'];

const keepOffline = async () => {
  const cache = await caches.open(KEPT);
  // Asks for what changed alone: what is the same is answered without a body.
  await cache.addAll(OFFLINE.map((path) => new Request(path, { cache: 'no-cache' })));
};

self.addEventListener('install', (event) => {
  event.waitUntil(keepOffline().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.mode === 'navigate') {
    const page = fetch(request);
    event.respondWith(page.catch(() => caches.match('/offline.html')));
    // A relay that stops in between leaves what was kept before.
    event.waitUntil(page.then(keepOffline).catch(() => {}));
  } else if (OFFLINE.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(pathname)));
  }
});
