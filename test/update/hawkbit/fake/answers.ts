/** Bodies and errors as hawkBit 1.1.0 writes them: members in its order, ETag as Spring makes it. */
import { createHash } from "node:crypto";
import type { Action, FakeState, Target } from "./state.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Without a content-length. */
  readonly chunked?: boolean;
}

export const empty = (status: number): Answer => ({
  status,
  headers: { "content-length": "0" },
  body: Buffer.alloc(0),
});

/** A body with its ETag; 304 where the client has it. */
export function document(value: unknown, ifNoneMatch: string | undefined): Answer {
  const body = Buffer.from(JSON.stringify(value));
  const etag = `"0${createHash("md5").update(body).digest("hex")}"`;
  if (ifNoneMatch === etag) return { status: 304, headers: { etag }, body: Buffer.alloc(0) };
  return { status: 200, headers: { ...hal, "content-length": String(body.length), etag }, body };
}

const hal = { "content-type": "application/hal+json" };

function failure(status: number, value: unknown): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { ...hal, "content-length": String(body.length) }, body };
}

const repository = "org.eclipse.hawkbit.repository.exception";

export const notReadable = failure(400, {
  errorCode: "hawkbit.server.error.rest.body.notReadable",
  exceptionClass: "org.eclipse.hawkbit.rest.exception.MessageNotReadableException",
  message: "The given request body is not well formed",
});

export const invalidAttributes = failure(400, {
  errorCode: "hawkbit.server.error.repo.invalidTargetAttributes",
  exceptionClass: `${repository}.InvalidTargetAttributeException`,
  message: "The given target attributes are invalid",
});

export const invalidCharacters = failure(400, {
  errorCode: "hawkbit.server.error.repo.constraintViolation",
  exceptionClass: "jakarta.validation.ConstraintViolationException",
  message: "addUpdateActionStatus.create.messages[].<iterable element> Invalid characters in string.",
});

export const quotaExceeded = (count: number, what: string, where: string, most: number): Answer =>
  failure(429, {
    errorCode: "hawkbit.server.error.quota.tooManyEntries",
    exceptionClass: `${repository}.AssignmentQuotaExceededException`,
    message: `Quota exceeded: Cannot assign ${count} more ${what} entities to ${where}. The maximum is ${most}.`,
  });

export const notCancelable = failure(405, {
  errorCode: "hawkbit.server.error.action.notCancelable",
  exceptionClass: `${repository}.CancelActionNotAllowedException`,
  message: "The action is not in canceling state.",
});

const notFound = (type: string, id: number): unknown => ({
  errorCode: "hawkbit.server.error.repo.entityNotFound",
  exceptionClass: `${repository}.EntityNotFoundException`,
  info: { entityId: id, type },
  message: `${type} with given identifier {${id}} does not exist.`,
});

export const noAction = (id: number): Answer => failure(404, notFound("Action", id));

const download404 = (value: unknown): Answer => ({
  status: 404,
  headers: { ...hal, "content-disposition": "inline;filename=f.txt" },
  body: Buffer.from(JSON.stringify(value)),
  chunked: true,
});

export const noModule = (id: number): Answer => download404(notFound("SoftwareModule", id));

export const notAssigned = (moduleId: number, target: Target): Answer =>
  download404({
    errorCode: "hawkbit.server.error.repo.entityNotFound",
    exceptionClass: `${repository}.SoftwareModuleNotAssignedToTargetException`,
    message: `No assignment found for SoftwareModule with id {${moduleId}} to Target with id {${target.id}}.`,
  });

export const wrongMethod = (now: Date): Answer => ({
  status: 405,
  headers: hal,
  body: Buffer.from(
    JSON.stringify({ timestamp: now.toISOString(), status: 405, error: "Method Not Allowed" }),
  ),
  chunked: true,
});

/** The controller's base: what there is to do. */
export function controllerBase(state: FakeState, target: Target, base: string): unknown {
  const links: Record<string, { href: string }> = {};
  const { active, installed } = target;
  if (active !== undefined) {
    const link = {
      "wait-confirmation": ["confirmationBase", `?c=${active.hash}`],
      canceling: ["cancelAction", ""],
    }[active.state as string] ?? ["deploymentBase", `?c=${active.hash}`];
    links[String(link[0])] = { href: `${base}/${link[0]}/${active.id}${link[1]}` };
  }
  if (installed !== undefined) links["installedBase"] = { href: `${base}/installedBase/${installed.id}` };
  links["configData"] = { href: `${base}/configData` };
  return { config: { polling: { sleep: state.pollingSleep } }, _links: links };
}

/** @param downloads where artifacts are fetched: the server spells its tenant in capitals there */
export function deployment(action: Action, member: string, downloads: string): unknown {
  const closed = action.maintenanceWindow === "unavailable";
  const when = action.type === "soft" ? "attempt" : "forced";
  const update = closed || action.type === "download-only" ? "skip" : when;
  const chunks = action.modules.map((module) => ({
    part: module.part,
    version: module.version,
    name: module.name,
    artifacts: module.artifacts.map(({ filename, hashes, bytes }) => {
      const href = `${downloads}/softwaremodules/${module.id}/artifacts/${filename}`;
      const links = { "download-http": { href }, "md5sum-http": { href: `${href}.MD5SUM` } };
      return { filename, hashes, size: bytes.length, _links: links };
    }),
    ...(module.metadata.length > 0 && { metadata: module.metadata }),
  }));
  const window = action.maintenanceWindow && { maintenanceWindow: action.maintenanceWindow };
  return { id: String(action.id), [member]: { download: when, update, chunks, ...window } };
}
