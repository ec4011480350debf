/**
 * Keeps the page's own files, so that the installed page opens while the device is away, and says so.
 *
 * Guarantee: what the server sends comes first; only the files in `shell` are kept, and nothing that a device has said.
 */
interface WorkerEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface RequestEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Worker {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: WorkerEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: RequestEvent) => void): void;
}

const worker = globalThis as unknown as Worker;
const name = "page";
const shell = ["/", "/page.js", "/page-style.css", "/icon.svg", "/manifest.webmanifest"];
/** A device that is switched off does not refuse: nothing answers at all. */
const patienceMs = 4000;

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(name)
      .then((kept) => kept.addAll(shell))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !shell.includes(pathname)) return;
  event.respondWith(answer(request, pathname));
});

async function answer(request: Request, pathname: string): Promise<Response> {
  const kept = await caches.open(name);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(patienceMs) });
    if (response.ok) await kept.put(pathname, response.clone());
    return response;
  } catch (error) {
    const known = await kept.match(pathname);
    if (known === undefined) throw error;
    return known;
  }
}
