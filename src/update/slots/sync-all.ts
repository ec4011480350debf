/**
 * Syncs everything below a folder to the disk at once: an image has thousands of small files, and an fsync of each takes
 * minutes on an SD card.
 *
 * Guarantee: when it resolves, contents and names below the folder are on the disk. By syncfs(2), which the program sync
 * of the GNU coreutils (Essential in Debian) and of BusyBox calls; if that fails, by an fsync of every file and folder.
 *
 * In a process of its own: syncfs may block for tens of seconds on a slow card, and the supervisor would kill this
 * process as hung.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { syncFile, syncFolder } from "../../base/files/atomic-file.ts";

/** For a service without PATH. */
const usualPath = "/usr/local/bin:/usr/bin:/bin";

/**
 * @param program the one that takes `-f FOLDER`
 * @throws the system's error when a file cannot be written, or the folder does not exist
 */
export async function syncAll(folder: string, program = "sync"): Promise<void> {
  if (!(await syncByProgram(program, resolve(folder)))) await syncEach(folder);
}

/** Never rejects. @returns false if it failed, for whatever reason */
function syncByProgram(program: string, folder: string): Promise<boolean> {
  // Elsewhere a program of this name may not know -f, or may not wait for the disk (sync(8) of macOS).
  if (process.platform !== "linux") return Promise.resolve(false);
  return new Promise((done) => {
    try {
      const child = spawn(program, ["-f", folder], {
        stdio: "ignore",
        env: { PATH: process.env["PATH"] ?? usualPath },
      });
      child.once("error", () => done(false));
      child.once("exit", (status) => done(status === 0));
    } catch {
      // Without memory for a process.
      done(false);
    }
  });
}

/** A folder is synced after its content, so that no name refers to content that is not on the disk. */
async function syncEach(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncEach(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncFolder(folder);
}
