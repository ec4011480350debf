/**
 * Many devices in one request, `POST /devices`
 * (https://learn.microsoft.com/rest/api/iothub/service/bulk-registry/update-registry).
 *
 * Guarantee: each device is handled separately, and the answer lists every refused one with the reason.
 */
import type { Context } from "hono";
import type { JsonObject } from "../../base/json/value.ts";
import { type Infer, read } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import {
  anything,
  convert,
  lenient,
  nullableOr,
  optional,
  string,
  withDefault,
} from "../../base/schema/values.ts";
import { bodyAs, json } from "../body.ts";
import { fail, isSameEtag, type RestParts, readBody } from "./guard.ts";
import { planIdentity } from "./identity.ts";
import { twinEtag } from "./shape.ts";

interface Refused {
  readonly code: string;
  readonly why: string;
}

const maxDevicesInARequest = 100;

/** Import modes in lower case: clients use both camelCase and PascalCase. */
const modes = {
  create: { verb: "put", exists: false },
  createorupdate: { verb: "put" },
  createorupdateifmatchetag: { verb: "put", etag: true },
  update: { verb: "put", exists: true },
  updateifmatchetag: { verb: "put", exists: true, etag: true },
  delete: { verb: "delete", exists: true },
  deleteifmatchetag: { verb: "delete", exists: true, etag: true },
  updatetwin: { verb: "twin", exists: true },
  updatetwinifmatchetag: { verb: "twin", exists: true, etag: true },
} as const satisfies Record<string, Mode>;

interface Mode {
  readonly verb: "put" | "delete" | "twin";
  /** Whether the device must exist already. Absent: either. */
  readonly exists?: boolean;
  /** Only when its entity tag matches. */
  readonly etag?: boolean;
}

const importMode = convert(string(), modeOf, `one of ${Object.keys(modes).join(", ")}`);

/** @throws RangeError for an unknown one */
function modeOf(name: string): Mode {
  const known = Object.entries<Mode>(modes).find(([mode]) => mode === name.toLowerCase());
  if (known === undefined) throw new RangeError(name);
  return known[1];
}

const defaultMode: Mode = modes.createorupdate;
const withId = object({ id: lenient(string(), () => "") });
const change = object({
  moduleId: optional(json),
  importMode: nullableOr(importMode, defaultMode),
  eTag: nullableOr(string(), undefined),
  etag: nullableOr(string(), undefined),
  twinETag: nullableOr(string(), undefined),
  tags: optional(json),
  properties: withDefault(object({ desired: optional(json) }), {}),
});
type Change = Infer<typeof change>;

export async function changeMany(c: Context, parts: RestParts): Promise<Response> {
  const body = await readBody(c, list(anything, maxDevicesInARequest));
  if ("problem" in body) return fail(c, 400, "ArgumentInvalid", body.problem);
  if (body.value.length === 0) return fail(c, 400, "ArgumentInvalid", "the body names no device");
  const seen = new Set<string>();
  const errors: JsonObject[] = [];
  for (const wanted of body.value) {
    const deviceId = read(withId, wanted)?.id ?? "";
    const refused = seen.has(deviceId)
      ? { code: "DeviceDefinedMultipleTimes", why: `${deviceId} is in the list more than once` }
      : await changeOne(parts, deviceId, wanted);
    seen.add(deviceId);
    if (refused !== undefined) errors.push({ deviceId, errorCode: refused.code, errorStatus: refused.why });
  }
  const isSuccessful = errors.length === 0;
  return c.json({ isSuccessful, errors, warnings: [] }, isSuccessful ? 200 : 400);
}

async function changeOne(parts: RestParts, id: string, body: unknown): Promise<Refused | undefined> {
  const checked = bodyAs(change, body, "the device");
  if ("problem" in checked) return { code: "ArgumentInvalid", why: checked.problem };
  const wanted = checked.value;
  if (wanted.moduleId !== undefined) return { code: "FeatureNotSupported", why: "this hub has no modules" };
  const mode = wanted.importMode;
  const known = parts.devices.get(id);
  if (known === undefined && mode.exists === true) {
    return { code: "DeviceNotFound", why: `there is no device ${id}` };
  }
  if (known !== undefined && mode.exists === false) {
    return { code: "DeviceAlreadyExists", why: `${id} is registered already` };
  }
  if (known !== undefined && mode.etag === true && !isSameEtag(etagOf(wanted, mode), etagNow(known, mode))) {
    return { code: "PreconditionFailed", why: `${id} has changed since it was read: get it again` };
  }
  if (mode.verb === "delete") {
    await parts.operations.removeDevice(id);
    return undefined;
  }
  if (mode.verb === "put") {
    const record = planIdentity(parts, id, body);
    if ("code" in record) return record;
    await parts.operations.putDevice(record, known === undefined ? "registered" : "registration changed");
  }
  return await changeTwin(parts, id, wanted);
}

/** A missing tag matches nothing: this mode requires one. */
const etagOf = ({ twinETag, eTag, etag }: Change, { verb }: Mode): string =>
  (verb === "twin" ? twinETag : (eTag ?? etag)) ?? "";

const etagNow = (known: { etag: string; twinVersion: number }, { verb }: Mode): string =>
  verb === "twin" ? twinEtag(known) : known.etag;

async function changeTwin(
  parts: RestParts,
  id: string,
  { tags, properties }: Change,
): Promise<Refused | undefined> {
  const desired = "desired" in properties ? properties.desired : undefined;
  if (tags === undefined && desired === undefined) return undefined;
  const edited = await parts.twins.edit(id, { tags, desired });
  return "refused" in edited ? { code: "ArgumentInvalid", why: edited.why } : undefined;
}
