/** An owner and a unit for tests: an authority and a data folder, in a folder that is gone afterwards. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { acceptCertificate } from "../../../src/firmware/claim/accept.ts";
import { makeOwnerCa, type OwnerCa, signRequest } from "../../../src/firmware/claim/owner-ca.ts";
import { makeRequest } from "../../../src/firmware/claim/request.ts";

export const dayMs = 86_400_000;
export const nowMs = Date.now();
export const scope = "0ne00123ABC";

export interface Scene {
  readonly folder: string;
  readonly caFolder: string;
  readonly unit: string;
}

export function scene(): Scene {
  const folder = mkdtempSync(join(tmpdir(), "claim-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, caFolder: join(folder, "owner"), unit: join(folder, "unit") };
}

export const makeCa = (folder: string, wallMs = nowMs): Promise<OwnerCa> =>
  makeOwnerCa(folder, { years: 25, wallMs });

/** Request, signature, acceptance. */
export async function claimUnit(ca: OwnerCa, unit: string, device?: string, more: { days?: number } = {}) {
  const { requestPem } = await makeRequest(unit, device);
  const { days = 1825 } = more;
  const { chainPem } = await signRequest(ca, requestPem, { from: "the request", days, wallMs: nowMs });
  return await accept(unit, chainPem);
}

export const accept = (
  dataPath: string,
  certificatePem: string,
  more: Partial<Parameters<typeof acceptCertificate>[0]> = {},
) =>
  acceptCertificate({
    dataPath,
    certificatePem,
    from: "the file",
    idScope: scope,
    endpoint: undefined,
    serverCaPem: undefined,
    replace: false,
    wallMs: nowMs,
    ...more,
  });

/** The stranger that judges: OpenSSL's program. */
export function openssl(...args: string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return { status, text: stdout + stderr };
}
