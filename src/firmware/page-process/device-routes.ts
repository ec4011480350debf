/**
 * The routes of a device's own page: those of api.ts that make sense for a single device. Changes are sent to
 * its local socket.
 */
import type { Context, Hono } from "hono";
import type { Clock } from "../../base/clock.ts";
import { isRecord, type Json, type JsonObject, mergePatch } from "../../base/json/value.ts";
import { read } from "../../base/schema/schema.ts";
import { refuse } from "../../hub/page-server/access/guard.ts";
import type { CommandAnswer, DesiredEdited } from "../../hub/page-server/api.ts";
import { commandCall, desiredEdit, readJsonBody, settingsEdit } from "../../hub/page-server/bodies.ts";
import { addHistory } from "../../hub/page-server/history.ts";
import { notChanged } from "../../hub/page-server/routes.ts";
import { addPanel } from "../../hub/page-server/unit/panel-routes.ts";
import type { RecordedHistory } from "../../hub/twin/recorded.ts";
import { type CommandName, commandSpec, isCommandName } from "../../model/cloud-model.ts";
import { isWritableName, writableSpec } from "../../model/properties.ts";
import { type ToDevice, toDevice } from "../local-socket/messages.ts";
import { pageCommands } from "./device-detail.ts";
import type { DeviceLink } from "./device-link.ts";
import type { DeviceView } from "./device-view.ts";

export interface DeviceRouteParts {
  readonly clock: Clock;
  readonly view: DeviceView;
  readonly link: Pick<DeviceLink, "request">;
  readonly recorded: RecordedHistory;
}

const maxEvents = 300;

export function addDeviceRoutes(app: Hono, parts: DeviceRouteParts): void {
  const { view, clock, recorded } = parts;
  app.get("/api/hub", (c) => c.json(view.info()));
  app.get("/api/devices", (c) => c.json([view.summary()]));
  const isKnown = async (c: Context, next: () => Promise<void>) => {
    if (c.req.param("id") !== view.id) return refuse(c, 404, "not-found", "there is no such device");
    await next();
    return undefined;
  };
  app.use("/api/devices/:id", isKnown);
  app.use("/api/devices/:id/*", isKnown);
  app.get("/api/devices/:id", (c) => c.json(view.detail()));
  app.get("/api/devices/:id/timeline", (c) => c.json(view.changes.latest(maxEvents)));
  app.get("/api/devices/:id/log", (c) => c.json(view.lines));
  addHistory(app, { clock, recordedOf: () => recorded, memory: () => ({}) });
  app.patch("/api/devices/:id/desired", (c) => edit(c, parts));
  app.patch("/api/devices/:id/settings", (c) => changeSettings(c, parts));
  app.post("/api/devices/:id/command", (c) => command(c, parts));
  addPanel(app, view.panels, () => view.info().sealed);
}

async function edit(c: Context, { view, link }: DeviceRouteParts): Promise<Response> {
  const body = await readJsonBody(c, desiredEdit);
  if ("problem" in body) return malformed(c, body.problem);
  for (const [name, patch] of Object.entries(body.value.properties)) {
    if (!isWritableName(name)) return malformed(c, `there is no property ${name.slice(0, 64)}`);
    const value = patched(view.status?.values[name]?.value as Json | undefined, patch, name);
    const answer = await link.request((id) => ({ kind: "set", id, name, value }));
    if (answer.kind !== "done") return notChanged(c, answer);
  }
  return c.json({ desiredVersion: 0, pushed: true } satisfies DesiredEdited);
}

async function changeSettings(c: Context, { link }: DeviceRouteParts): Promise<Response> {
  const body = await readJsonBody(c, settingsEdit);
  if ("problem" in body) return malformed(c, body.problem);
  const answer = await link.request((id) => ({ kind: "change-settings", id, ...body.value }));
  return answer.kind === "done" ? c.json({}) : notChanged(c, answer);
}

/** Merged as in a twin: an object keeps its other members, and `null` restores the default. */
function patched(value: Json | undefined, patch: Json, name: Parameters<typeof writableSpec>[0]): Json {
  if (patch === null) return writableSpec(name).default as Json;
  return isRecord(patch) ? mergePatch(isRecord(value) ? value : {}, patch as JsonObject) : patch;
}

async function command(c: Context, { link, clock }: DeviceRouteParts): Promise<Response> {
  const body = await readJsonBody(c, commandCall);
  if ("problem" in body) return malformed(c, body.problem);
  const { name, payload } = body.value;
  const make = isCommandName(name) && pageCommands.includes(name) ? requestOf(name, payload) : undefined;
  if (make === undefined) return malformed(c, `${name.slice(0, 64)} is not a command with such a parameter`);
  const startedAt = clock.now();
  const answer = await link.request(make);
  if (answer.kind !== "done") return notChanged(c, answer);
  const tookMs = Math.round(clock.now() - startedAt);
  return c.json({ status: 200, payload: null, tookMs } satisfies CommandAnswer);
}

/** @returns `undefined` for a parameter of a wrong type */
function requestOf(name: CommandName, payload: Json): ((id: number) => ToDevice) | undefined {
  const value = payload ?? commandSpec(name).request?.default ?? null;
  const message: Readonly<Record<string, object>> = {
    boost: { kind: "boost", minutes: value },
    preset: { kind: "preset", preset: value },
    identify: { kind: "identify", seconds: value },
    clearFault: { kind: "clear-faults" },
    forgetRoom: { kind: "reset", what: "room" },
  };
  const checked = read(toDevice, { ...message[name], id: 0 });
  return checked === undefined ? undefined : (id) => ({ ...checked, id }) as ToDevice;
}

const malformed = (c: Context, why: string): Response => refuse(c, 400, "malformed", why);
