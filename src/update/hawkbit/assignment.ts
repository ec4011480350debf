/** Converts a deployment to an assignment. Guarantee: the token is sent only to the server's own origin. */
import type { Assignment } from "../source.ts";
import type { Artifact, Work } from "./messages.ts";
import type { HawkbitAccess } from "./options.ts";

/** Why a deployment cannot be carried out, whatever its image is. */
export interface Unusable {
  readonly code: "not-one-image" | "no-download" | "invalid-hash";
  readonly reason: string;
}

const timings = { skip: "wait", attempt: "when-convenient", forced: "now" } as const;

export function assignmentOf(
  id: string,
  work: Work,
  access: HawkbitAccess,
): { readonly assignment: Assignment } | { readonly unusable: Unusable } {
  const unusable = (code: Unusable["code"], reason: string) => ({ unusable: { code, reason } });
  const [chunk] = work.chunks;
  const [artifact] = chunk?.artifacts ?? [];
  const count = work.chunks.reduce((sum, { artifacts }) => sum + artifacts.length, 0);
  if (chunk === undefined || artifact === undefined || work.chunks.length !== 1 || count !== 1) {
    const found = `${work.chunks.length} modules with ${count} artifacts`;
    return unusable("not-one-image", `this unit takes one software module with one artifact, not ${found}`);
  }
  const url = downloadUrl(artifact, access.base);
  if (url === undefined) return unusable("no-download", "the artifact has no http: or https: download link");
  const sha256 = artifact.hashes.sha256?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
    return unusable("invalid-hash", "the artifact's SHA-256 is invalid");
  }
  const { authorization } = access;
  const isOwn = url.origin === access.base.origin && authorization !== undefined;
  return {
    assignment: {
      id,
      ...(chunk.version !== undefined && { version: chunk.version }),
      image: {
        url: url.href,
        headers: isOwn ? { Authorization: authorization } : {},
        size: artifact.size,
        // goosebit gives only SHA-1; the image's own signature is decisive anyway.
        ...(sha256 !== undefined && { sha256 }),
      },
      download: timings[work.download],
      install: installOf(work),
    },
  };
}

/** "skip" has two meanings: the maintenance window is closed now, or the image is only to be downloaded. */
const installOf = ({ update, maintenanceWindow }: Work): Assignment["install"] =>
  update === "skip" ? (maintenanceWindow === "unavailable" ? "wait" : "never") : timings[update];

/** A server reached by http often has working links for http only, although it also lists others. */
function downloadUrl({ _links: links }: Artifact, base: URL): URL | undefined {
  const order =
    base.protocol === "https:"
      ? (["download", "download-http"] as const)
      : (["download-http", "download"] as const);
  for (const name of order) {
    const href = links[name]?.href;
    const url = href !== undefined && URL.canParse(href, base.href) ? new URL(href, base.href) : undefined;
    if (url && (url.protocol === "https:" || url.protocol === "http:")) return url;
  }
  return undefined;
}
