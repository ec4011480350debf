/**
 * Ensures one hub for a data folder: a lock on the hub's folder, and a note in it with the hub's address.
 *
 * Guarantee: of all processes at most one holds the claim, also after kill -9 and a power cut: the kernel
 * drops it with its holder. Two hubs on one folder would overwrite each other's twins, and version numbers
 * would decrease. Where the system has no flock, as on a Mac, a hub that answers at the noted address counts
 * as the holder.
 */
import { closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { errnoOf } from "../../base/errors.ts";
import { replaceFile } from "../../base/files/atomic-file.ts";
import { lockOpenFile } from "../../base/files/file-lock.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readText, type Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, string } from "../../base/schema/values.ts";
import { kernelFlock } from "../../board/kernel/kernel-calls.ts";
import { kernelCallsFile } from "../process/package-root.ts";

/** The address of a hub. Contains no secret. */
export interface HubNote {
  /** Process id. */
  readonly process: number;
  /** Address of the page, for people. */
  readonly page: string;
  /** Host and port of the page, as reached from this machine. */
  readonly host: string;
  readonly port: number;
}

export interface HubClaim {
  /** Publishes the hub's address, once it listens. */
  announce(note: HubNote): Promise<void>;
  release(): Promise<void>;
}

/** Another process runs the hub of this folder. */
export class HubRunningError extends Error {
  readonly code = "hub-running";
  /** Missing while that hub is still starting. */
  readonly note: HubNote | undefined;
  /** Whether that hub answers at its address; it may be starting, or hang. */
  readonly answers: boolean;

  constructor(folder: string, note: HubNote | undefined, answers: boolean) {
    const at = note?.page ? ` at ${note.page}` : "";
    const where = note === undefined ? "" : `${at} (process ${note.process})`;
    super(`the hub of ${folder} runs already${where}`);
    this.name = "HubRunningError";
    this.note = note;
    this.answers = answers;
  }
}

const hubNote: Schema<HubNote> = object({
  process: integer(),
  page: string(),
  host: string(),
  port: integer(),
});
const largestNote = 4096;
const answerLimitMs = 3000;
const noteIn = (folder: string): string => join(folder, "address");

/**
 * Claims the hub of an existing folder.
 * @throws HubRunningError when another process has claimed it; the system's error when the folder cannot be opened
 */
export async function claimHub(folder: string): Promise<HubClaim> {
  const file = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const outcome = lockOpenFile(file, "exclusive", kernelFlock(kernelCallsFile));
  if (outcome !== "locked") {
    const note = readNote(folder);
    // A hub without a page is believed its lock.
    const answers = note !== undefined && (note.port === 0 ? outcome === "busy" : await isAnswering(note));
    if (outcome === "busy" || answers) {
      closeSync(file);
      throw new HubRunningError(folder, note, answers);
    }
  }
  const note = noteIn(folder);
  // The note of a killed hub: it would give a wrong address to a process that finds the folder locked.
  await rm(note, { recursive: true, force: true }).catch(() => undefined);
  let released = false;
  return {
    // Without a note, other processes still find the folder locked, and report that.
    announce: (where) => replaceFile(note, `${JSON.stringify(where)}\n`).catch(() => undefined),
    async release() {
      if (released) return;
      released = true;
      await rm(note, { recursive: true, force: true }).catch(() => undefined);
      closeSync(file);
    },
  };
}

function readNote(folder: string): HubNote | undefined {
  try {
    return readText(hubNote, readSmallFile(noteIn(folder), { limit: largestNote }) ?? "");
  } catch {
    return undefined;
  }
}

/** Any answer counts: a page with a password refuses the request. */
function isAnswering({ host, port }: HubNote): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host, port, path: "/api/hub", timeout: answerLimitMs, agent: false },
      (response) => {
        response.destroy();
        resolve(true);
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer")));
    // The gate limits this process to this machine: a hub at another address is assumed to answer.
    request.on("error", (error) => resolve(errnoOf(error) === "EPERM"));
  });
}
