/**
 * One hub for a data folder: a lock on the hub's folder, and a note in it that says where its hub is.
 *
 * Guarantee: of all processes at most one holds the claim, also after kill -9 and a power cut: the kernel drops it with
 * its holder. Two hubs on one folder would write over each other's twins, and version numbers would fall. Where the
 * system has no flock, as on a Mac, a hub that answers at the noted address counts as the holder.
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

/** Where a hub is. Nothing of it is secret. */
export interface HubNote {
  /** Process number. */
  readonly process: number;
  /** For people. */
  readonly page: string;
  /** Where this machine reaches the page. */
  readonly host: string;
  readonly port: number;
}

export interface HubClaim {
  /** Says where the hub is, once it listens. */
  announce(note: HubNote): Promise<void>;
  release(): Promise<void>;
}

/** Another process has the hub of this folder. */
export class HubRunningError extends Error {
  readonly code = "hub-running";
  /** Missing while the other is only starting. */
  readonly note: HubNote | undefined;
  /** Whether it answers there; it may be starting, or hang. */
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
 * Takes the hub of a folder that exists.
 * @throws HubRunningError when another has it; the system's error when the folder cannot be opened
 */
export async function claimHub(folder: string): Promise<HubClaim> {
  const file = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const outcome = lockOpenFile(file, "exclusive", kernelFlock(kernelCallsFile));
  if (outcome !== "locked") {
    const note = readNote(folder);
    const answers = note !== undefined && (await isAnswering(note));
    if (outcome === "busy" || answers) {
      closeSync(file);
      throw new HubRunningError(folder, note, answers);
    }
  }
  const note = noteIn(folder);
  // That of one that was killed: it would send whoever finds the lock taken to the wrong place.
  await rm(note, { recursive: true, force: true }).catch(() => undefined);
  let released = false;
  return {
    // Without a note another finds the lock taken all the same, and says so.
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

/** Whatever the answer is: a page with a password refuses too. */
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
    // The gate lets this process connect to this machine alone: a hub at another address is believed its lock.
    request.on("error", (error) => resolve(errnoOf(error) === "EPERM"));
  });
}
