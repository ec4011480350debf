/** The page's questions and changes, as `page-api.ts` lists them. */
import type { Context, Hono } from "hono";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { HubCore } from "../hub-core.ts";
import { isObject, type Json, member, numberMember, textMember } from "../json-value.ts";
import type {
  CableState,
  CommandAnswer,
  DesiredEdited,
  History,
  HubInfo,
  OfflineCommandQueued,
} from "./api.ts";
import { readJsonBody, refuse } from "./guard.ts";
import { panelKeys } from "./panels.ts";

/** What the page shows and works on. */
export interface PageParts
  extends Pick<
    HubCore,
    | "once"
    | "devices"
    | "links"
    | "telemetry"
    | "timeline"
    | "feed"
    | "panels"
    | "twins"
    | "operations"
    | "views"
  > {
  readonly clock: Clock;
  readonly log: Log;
  readonly idScope: string;
  readonly startedMs: number;
  readonly hubHost: string;
  /** Whether the page listens beyond loopback. */
  readonly exposed: boolean;
}

const mostEvents = 500;
const cableStates: readonly CableState[] = ["connected", "close", "reset", "silence"];

export function hubInfo(parts: PageParts): HubInfo {
  return {
    hubHost: parts.hubHost,
    exposed: parts.exposed,
    idScope: parts.idScope,
    startedMs: parts.startedMs,
    nowMs: parts.clock.wallNow(),
    devices: parts.devices.size,
    connected: parts.links.size,
  };
}

export function addPageRoutes(app: Hono, parts: PageParts): void {
  app.get("/api/hub", (c) => c.json(hubInfo(parts)));
  app.get("/api/devices", (c) => c.json(parts.views.summaries()));
  app.use("/api/devices/:id/*", async (c, next) => {
    if (parts.devices.get(c.req.param("id")) === undefined) return unknown(c);
    await next();
    return undefined;
  });
  app.get("/api/devices/:id", (c) => {
    const detail = parts.views.detail(c.req.param("id"));
    return detail === undefined ? unknown(c) : c.json(detail);
  });
  app.get("/api/devices/:id/history", (c) => {
    const since = Number(c.req.query("sinceMs") ?? 0);
    const series = parts.telemetry.history(c.req.param("id"), Number.isFinite(since) ? since : 0);
    return c.json({ nowMs: parts.clock.wallNow(), series } satisfies History);
  });
  app.get("/api/devices/:id/timeline", (c) => {
    const limit = Math.trunc(Number(c.req.query("limit") ?? 200)) || 200;
    return c.json(parts.timeline.of(c.req.param("id"), Math.min(mostEvents, Math.max(1, limit))));
  });
  app.patch("/api/devices/:id/desired", (c) => editDesired(c, parts, c.req.param("id")));
  app.post("/api/devices/:id/command", (c) => command(c, parts, c.req.param("id")));
  app.post("/api/devices/:id/message", (c) => offlineCommand(c, parts, c.req.param("id")));
  app.post("/api/devices/:id/panel", (c) => press(c, parts, c.req.param("id")));
  app.put("/api/devices/:id/cable", async (c) => {
    const state = textMember(await readJsonBody(c), "state");
    const known = cableStates.find((each) => each === state);
    if (known === undefined) return malformed(c, `state must be one of ${cableStates.join(", ")}`);
    parts.operations.setCable(c.req.param("id"), known);
    return c.json(parts.views.summary(c.req.param("id")));
  });
  app.put("/api/devices/:id/throttle", async (c) => {
    const on = member(await readJsonBody(c), "on");
    if (typeof on !== "boolean") return malformed(c, "on must be true or false");
    parts.operations.setThrottle(c.req.param("id"), on);
    return c.json(parts.views.summary(c.req.param("id")));
  });
}

async function editDesired(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c);
  const properties = member(body, "properties");
  if (!isObject(properties)) return malformed(c, "properties must be an object");
  const ifVersion = numberMember(body, "ifVersion");
  const version = parts.devices.get(id)?.desired.version;
  if (ifVersion !== undefined && ifVersion !== version) {
    return refuse(c, 412, "version", `desired has version ${version} meanwhile`);
  }
  const edited = await parts.twins.edit(id, { desired: properties });
  if (!("refused" in edited)) {
    const answer: DesiredEdited = { desiredVersion: edited.record.desired.version, pushed: edited.pushed };
    return c.json(answer);
  }
  if (edited.refused === "not-found") return unknown(c);
  return edited.refused === "too-large" ? refuse(c, 413, "too-large", edited.why) : malformed(c, edited.why);
}

async function command(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c);
  const name = textMember(body, "name");
  if (name === undefined) return malformed(c, "name must be that of a command");
  const payload: Json = member(body, "payload") ?? null;
  const outcome = await parts.operations.invoke(id, name, payload, numberMember(body, "timeoutSeconds"));
  if (!("failed" in outcome)) return c.json(outcome satisfies CommandAnswer);
  switch (outcome.failed) {
    case "offline":
      return refuse(c, 409, "offline", outcome.why);
    case "timeout":
      return refuse(c, 504, "timeout", outcome.why);
    case "malformed":
      return malformed(c, outcome.why);
  }
}

async function offlineCommand(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c);
  const name = textMember(body, "name");
  if (name === undefined || name === "") return malformed(c, "name must be that of a command");
  const payload = member(body, "payload");
  const ttlSeconds = numberMember(body, "ttlSeconds");
  const queued = await parts.operations.sendMessage(id, {
    // IoT Central sends a single @ for a command that takes nothing.
    body: payload === undefined || payload === null ? "@" : JSON.stringify(payload),
    properties: { "method-name": name.slice(0, 128) },
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  });
  if ("message" in queued) {
    const { messageId, expiresMs } = queued.message;
    return c.json({ messageId, expiresMs } satisfies OfflineCommandQueued, 202);
  }
  switch (queued.refused) {
    case "not-found":
      return unknown(c);
    case "full":
      return refuse(c, 429, "throttled", queued.why);
    case "too-large":
      return refuse(c, 413, "too-large", queued.why);
    case "malformed":
      return malformed(c, queued.why);
  }
}

async function press(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c);
  const key = panelKeys.find((each) => each === textMember(body, "key"));
  const down = member(body, "down");
  if (key === undefined || typeof down !== "boolean")
    return malformed(c, `key must be one of ${panelKeys.join(", ")}, and down true or false`);
  switch (parts.panels.press(id, { key, down })) {
    case "passed":
      return c.body(null, 204);
    case "not-here":
      return refuse(c, 409, "not-here", "its keys are on the device itself");
    case "too-fast":
      return refuse(c, 429, "throttled", "no finger is that fast");
  }
}

const unknown = (c: Context): Response => refuse(c, 404, "not-found", "there is no such device");
const malformed = (c: Context, why: string): Response => refuse(c, 400, "malformed", why);
