/**
 * Folder page-server/: serves the page and its API, with access control.
 *
 * The HTTP server of the page: of the local hub (`hub-page.ts`), or of one device (handed in by the firmware).
 *
 * Guarantee: serves only the files that the page's folder held at the start, and what `addRoutes` adds; every other path
 * is not found. Bodies beyond 64 KiB are rejected.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { httpLimits, type Listening, listen } from "../listening.ts";
import type { OnceLog } from "../once-log.ts";
import { PageGuard, type PageGuardOptions, refuse } from "./access/guard.ts";
import { addSessionRoutes } from "./access/session-routes.ts";
import { addStream, type StreamParts } from "./stream.ts";

export interface PageOptions extends StreamParts, PageGuardOptions {
  readonly once: OnceLog;
  /** Folder of the built page; absent: the API alone. */
  readonly pagePath: string | undefined;
  /** Those under /api/ are behind the sign-in already. */
  readonly addRoutes: (app: Hono, guard: PageGuard) => void;
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
  const { log } = options;
  const guard = new PageGuard(options);
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
    return refuse(c, 500, "failed", "the server failed; see its log");
  });
  app.notFound((c) => refuse(c, 404, "not-found", "there is no such page"));
  addSessionRoutes(app, guard);
  app.use("/api/*", guard.signedIn);
  app.use("/api/*", guard.mayChange);
  addStream(app, options);
  options.addRoutes(app, guard);
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
