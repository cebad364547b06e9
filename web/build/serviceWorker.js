// Keeps the whole page for use without a network. The build fills in version and files.
const version = '{version}';
const files = ['{files}'];
const cacheName = `siseon-page-${version}`;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  // Older pages, by either of their names; models that the visitor keeps are not ours to forget.
  const forget = (name) =>
    /^siseon-(page-|[0-9a-f]{16}$)/.test(name) && name !== cacheName ? caches.delete(name) : null;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.map(forget)))
      .then(() => self.clients.claim()),
  );
});

// On hosts that do not send these headers the page's threads may share memory all the same, from the second visit on.
function isolated(kept) {
  const headers = new Headers(kept.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(kept.body, { status: kept.status, statusText: kept.statusText, headers });
}

// What was kept answers first: a version is kept whole, so its files fit together.
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).origin !== location.origin) return;
  event.respondWith(
    caches
      .open(cacheName)
      .then((cache) => cache.match(event.request.url, { ignoreSearch: true }))
      .then((kept) => (kept ? isolated(kept) : fetch(event.request))),
  );
});
