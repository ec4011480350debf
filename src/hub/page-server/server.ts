/**
 * Folder page-server/: serves the page and its API, with access control.
 *
 * The HTTP server of the page and its API (`api.ts`).
 *
 * Guarantee: serves only the files that the page's folder held at the start, and firmware images (`firmware-feed.ts`);
 * every other path is an API route or not found. Bodies beyond 64 KiB are rejected.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { httpLimits, type Listening, listen } from "../listening.ts";
import { addFirmwareFeed, type FirmwareFeedParts } from "./firmware-feed.ts";
import { PageGuard, type PageNames, refuse } from "./guard.ts";
import { addMonitoring } from "./monitoring.ts";
import { addRollOuts } from "./roll-outs.ts";
import { addPageRoutes, type PageParts } from "./routes.ts";
import { addSessionRoutes } from "./session.ts";
import { addStream } from "./stream.ts";

export interface PageOptions extends PageParts, FirmwareFeedParts {
  /** Names under which the page may be reached. */
  readonly hostNames: PageNames;
  readonly password: string | undefined;
  /** Whether other programs may read the state: `monitoring.ts`. */
  readonly monitoring: boolean;
  /** Folder of the built page; absent: the API alone. */
  readonly pagePath: string | undefined;
}

const maxBytes = 64 * 1024;

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  json: "application/json",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};

export async function openPage(options: PageOptions, host: string, port: number): Promise<Listening> {
  const app = await pageApp(options);
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: httpLimits });
  return await listen(server, options, host, port);
}

/** The routes alone, for a server or a test. */
export async function pageApp(options: PageOptions): Promise<Hono> {
  const { clock, once, log } = options;
  const { hostNames, password, isSealed } = options;
  const guard = new PageGuard({ clock, once, hostNames, password, isSealed });
  const app = new Hono();
  app.use(guard.guard);
  app.use(
    bodyLimit({
      maxSize: maxBytes,
      onError: (c) => refuse(c, 413, "too-large", `a body has at most ${maxBytes} bytes`),
    }),
  );
  app.onError((error, c) => {
    log.error("hub-page-failed", { path: c.req.path, reason: error.message });
    return refuse(c, 500, "failed", "the hub failed; see its log");
  });
  app.notFound((c) => refuse(c, 404, "not-found", "there is no such page"));
  addSessionRoutes(app, guard);
  app.use("/api/*", guard.signedIn);
  app.use("/api/*", guard.mayChange);
  addPageRoutes(app, options);
  addStream(app, options);
  if (options.monitoring) addMonitoring(app, options, guard);
  // Before the feed's files, so that a file named "hold" cannot replace the hub's own.
  addRollOuts(app, options);
  addFirmwareFeed(app, options);
  await addFiles(app, options.pagePath);
  return app;
}

/** The built page is small and does not change: it is kept in memory. */
async function addFiles(app: Hono, folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).replaceAll("\\", "/");
    const type = types[name.split(".").at(-1) ?? ""];
    if (type === undefined) continue;
    const body = new Uint8Array(await readFile(path));
    const serve = (c: Context) => c.body(body, 200, { "Content-Type": type });
    app.get(`/${name}`, serve);
    if (name === "index.html") app.get("/", serve);
  }
}
