/** The routes of the page, as `api.ts` lists them. */
import type { Context, Hono } from "hono";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { HubCore } from "../hub-core.ts";
import type { RecordedHistory } from "../twin/recorded.ts";
import { refuse } from "./access/guard.ts";
import type { CommandAnswer, DesiredEdited, HubInfo, OfflineCommandQueued } from "./api.ts";
import {
  cableRequest,
  commandCall,
  desiredEdit,
  offlineCommand,
  readJsonBody,
  settingsEdit,
  throttleRequest,
} from "./bodies.ts";
import type { RollOuts } from "./firmware/roll-outs.ts";
import { addHistory } from "./history.ts";
import { addPanel, restoreRoom } from "./unit/panel-routes.ts";
import type { Changed } from "./unit/unit-settings.ts";

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
    | "unitSettings"
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
  /** Whether the unit on the hub's machine is sealed now. */
  readonly isSealed: () => boolean;
  readonly rollOuts?: RollOuts | undefined;
  readonly recorded?: RecordedHistory | undefined;
  /** Unit of the temperatures on the page. */
  readonly unit: () => "C" | "F";
}

const maxEvents = 500;

export function hubInfo(parts: PageParts): HubInfo {
  return {
    kind: "hub",
    unit: parts.unit(),
    hubHost: parts.hubHost,
    exposed: parts.exposed,
    sealed: parts.isSealed(),
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
  addHistory(app, {
    clock: parts.clock,
    recordedOf: (id) => (parts.recorded?.deviceId === id ? parts.recorded : undefined),
    memory: (id, sinceMs) => parts.telemetry.history(id, sinceMs),
  });
  app.get("/api/devices/:id/timeline", (c) => {
    const limit = Math.trunc(Number(c.req.query("limit") ?? 200)) || 200;
    return c.json(parts.timeline.of(c.req.param("id"), Math.min(maxEvents, Math.max(1, limit))));
  });
  app.patch("/api/devices/:id/desired", (c) => editDesired(c, parts, c.req.param("id")));
  app.patch("/api/devices/:id/settings", (c) => changeSettings(c, parts, c.req.param("id")));
  app.post("/api/devices/:id/command", (c) => command(c, parts, c.req.param("id")));
  app.post("/api/devices/:id/message", (c) => queueCommand(c, parts, c.req.param("id")));
  app.post("/api/devices/:id/story", async (c) => {
    const id = c.req.param("id");
    restoreRoom(parts.panels, id);
    await parts.operations.startStory(id);
    return c.body(null, 204);
  });
  addPanel(app, parts.panels, parts.isSealed);
  app.put("/api/devices/:id/cable", async (c) => {
    const body = await readJsonBody(c, cableRequest);
    if ("problem" in body) return malformed(c, body.problem);
    parts.operations.setCable(c.req.param("id"), body.value.state);
    return c.json(parts.views.summary(c.req.param("id")));
  });
  app.put("/api/devices/:id/throttle", async (c) => {
    const body = await readJsonBody(c, throttleRequest);
    if ("problem" in body) return malformed(c, body.problem);
    parts.operations.setThrottle(c.req.param("id"), body.value.on);
    return c.json(parts.views.summary(c.req.param("id")));
  });
}

async function editDesired(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c, desiredEdit);
  if ("problem" in body) return malformed(c, body.problem);
  const { properties, ifVersion } = body.value;
  const version = parts.devices.get(id)?.desired.version;
  if (ifVersion !== undefined && ifVersion !== version) {
    return refuse(c, 412, "version", `the desired document has changed: its version is ${version}`);
  }
  const edited = await parts.twins.edit(id, { desired: properties });
  if (!("refused" in edited)) {
    const answer: DesiredEdited = { desiredVersion: edited.record.desired.version, pushed: edited.pushed };
    return c.json(answer);
  }
  if (edited.refused === "not-found") return unknown(c);
  return edited.refused === "too-large" ? refuse(c, 413, "too-large", edited.why) : malformed(c, edited.why);
}

async function changeSettings(c: Context, { unitSettings }: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c, settingsEdit);
  if ("problem" in body) return malformed(c, body.problem);
  const changed = await unitSettings.change(id, body.value.changes);
  if (changed === "not-here") return refuse(c, 409, "not-here", "its settings are on its own machine");
  return changed === undefined ? c.json({}) : notChanged(c, changed);
}

/** What the device itself says. */
export const notChanged = (c: Context, { kind, why }: NonNullable<Changed>): Response =>
  kind === "refused" ? refuse(c, 422, "refused", why) : refuse(c, 503, "offline", why);

async function command(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c, commandCall);
  if ("problem" in body) return malformed(c, body.problem);
  const { name, payload, timeoutSeconds } = body.value;
  const outcome = await parts.operations.invoke(id, name, payload, timeoutSeconds);
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

async function queueCommand(c: Context, parts: PageParts, id: string): Promise<Response> {
  const body = await readJsonBody(c, offlineCommand);
  if ("problem" in body) return malformed(c, body.problem);
  const { name, payload, ttlSeconds } = body.value;
  const queued = await parts.operations.sendMessage(id, {
    // IoT Central sends a single @ for a command without a payload.
    body: payload === null ? "@" : JSON.stringify(payload),
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

const unknown = (c: Context): Response => refuse(c, 404, "not-found", "there is no such device");
const malformed = (c: Context, why: string): Response => refuse(c, 400, "malformed", why);
