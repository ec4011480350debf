/**
 * Many devices in one request, `POST /devices`
 * (https://learn.microsoft.com/rest/api/iothub/service/bulk-registry/update-registry).
 *
 * Guarantee: each device is changed or refused by itself, and the answer names every one that was refused, and why.
 */
import type { Context } from "hono";
import { isObject, type Json, type JsonObject, member, textMember } from "../json-value.ts";
import { fail, isSameEtag, type RestParts, readBody } from "./guard.ts";
import { planIdentity } from "./identity.ts";
import { twinEtag } from "./shape.ts";

interface Refused {
  readonly code: string;
  readonly why: string;
}

const mostInOne = 100;

/** Import modes in lower case: callers spell them in both ways. */
const modes = {
  create: { verb: "put", known: false },
  createorupdate: { verb: "put" },
  createorupdateifmatchetag: { verb: "put", etag: true },
  update: { verb: "put", known: true },
  updateifmatchetag: { verb: "put", known: true, etag: true },
  delete: { verb: "delete", known: true },
  deleteifmatchetag: { verb: "delete", known: true, etag: true },
  updatetwin: { verb: "twin", known: true },
  updatetwinifmatchetag: { verb: "twin", known: true, etag: true },
} as const satisfies Record<string, Mode>;

interface Mode {
  readonly verb: "put" | "delete" | "twin";
  /** Whether the device has to be there already. Absent: either. */
  readonly known?: boolean;
  /** Only when its entity tag is the one given. */
  readonly etag?: boolean;
}

const isMode = (name: string): name is keyof typeof modes => Object.hasOwn(modes, name);

export async function changeMany(c: Context, parts: RestParts): Promise<Response> {
  const body = await readBody(c);
  if (!Array.isArray(body) || body.length === 0 || body.length > mostInOne) {
    return fail(c, 400, "ArgumentInvalid", `the body must be a list of 1 to ${mostInOne} devices`);
  }
  const seen = new Set<string>();
  const errors: JsonObject[] = [];
  for (const wanted of body as readonly Json[]) {
    const deviceId = textMember(wanted, "id") ?? "";
    const refused = seen.has(deviceId)
      ? { code: "DeviceDefinedMultipleTimes", why: `${deviceId} is in the list more than once` }
      : await changeOne(parts, deviceId, wanted);
    seen.add(deviceId);
    if (refused !== undefined) errors.push({ deviceId, errorCode: refused.code, errorStatus: refused.why });
  }
  const isSuccessful = errors.length === 0;
  return c.json({ isSuccessful, errors, warnings: [] }, isSuccessful ? 200 : 400);
}

async function changeOne(parts: RestParts, id: string, wanted: Json): Promise<Refused | undefined> {
  if (!isObject(wanted)) return { code: "ArgumentInvalid", why: "a device must be a JSON object" };
  if (member(wanted, "moduleId") !== undefined) {
    return { code: "FeatureNotSupported", why: "this hub has no modules" };
  }
  const name = (textMember(wanted, "importMode") ?? "createOrUpdate").toLowerCase();
  if (!isMode(name)) return { code: "ArgumentInvalid", why: "importMode is none that there is" };
  const mode: Mode = modes[name];
  const known = parts.devices.get(id);
  if (known === undefined && mode.known === true) {
    return { code: "DeviceNotFound", why: `there is no device ${id}` };
  }
  if (known !== undefined && mode.known === false) {
    return { code: "DeviceAlreadyExists", why: `${id} is registered already` };
  }
  if (known !== undefined && mode.etag === true && !isSameEtag(etagOf(wanted, mode), etagNow(known, mode))) {
    return { code: "PreconditionFailed", why: `${id} was changed meanwhile: get it again` };
  }
  if (mode.verb === "delete") {
    await parts.operations.removeDevice(id);
    return undefined;
  }
  if (mode.verb === "put") {
    const record = planIdentity(parts, id, wanted);
    if ("code" in record) return record;
    await parts.operations.putDevice(record, known === undefined ? "registered" : "registration changed");
  }
  return await changeTwin(parts, id, wanted);
}

/** A missing one matches nothing: whoever asks for the comparison has to say with what. */
const etagOf = (wanted: JsonObject, { verb }: Mode): string =>
  (verb === "twin"
    ? textMember(wanted, "twinETag")
    : (textMember(wanted, "eTag") ?? textMember(wanted, "etag"))) ?? "";

const etagNow = (known: { etag: string; twinVersion: number }, { verb }: Mode): string =>
  verb === "twin" ? twinEtag(known) : known.etag;

async function changeTwin(parts: RestParts, id: string, wanted: JsonObject): Promise<Refused | undefined> {
  const tags = member(wanted, "tags");
  const desired = member(member(wanted, "properties"), "desired");
  if (tags === undefined && desired === undefined) return undefined;
  const edited = await parts.twins.edit(id, { tags, desired });
  return "refused" in edited ? { code: "ArgumentInvalid", why: edited.why } : undefined;
}
