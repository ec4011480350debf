/**
 * The machine as the doctor sees it: files, the user and the environment. Everything is read and nothing
 * written.
 *
 * Guarantee: nothing here throws, and no other program is run. Paths are those of the examined machine; with
 * another root they are below a folder, so that tests can examine the captured files of other machines.
 */
import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../../base/errors.ts";
import type { GpioDevices } from "../../board/kernel/chardev/devices.ts";

export interface User {
  readonly name: string;
  readonly uid: number;
  /** Group ids of this process. A group joined after the login is not among them. */
  readonly gids: readonly number[];
}

export interface Machine {
  readonly user: User;
  readonly nodeVersion: string;
  /** Only when a different machine from this one is examined, as in tests. */
  readonly gpioDevices?: GpioDevices;
  /** The real path of a path of the examined machine. */
  resolve(path: string): string;
  /** `undefined` when it cannot be read, for whatever reason. */
  read(path: string): string | undefined;
  /** As `read`, for binary files. */
  bytes(path: string): Buffer | undefined;
  /** File names in a folder; empty when it cannot be read. */
  list(path: string): readonly string[];
  kind(path: string): "file" | "folder" | undefined;
  /** Why this use is not permitted (an errno code, such as "EACCES" or "EROFS"); `undefined` when it is. */
  refusal(path: string, use: "read" | "write" | "read-write"): string | undefined;
  /** Free space for this user on the path's file system. */
  freeBytes(path: string): number | undefined;
}

const accessModes = {
  read: constants.R_OK,
  write: constants.W_OK,
  "read-write": constants.R_OK | constants.W_OK,
} as const;

export function systemMachine(root = "/"): Machine {
  const resolve = (path: string): string => (root === "/" ? path : join(root, path));
  return {
    user: currentUser(),
    nodeVersion: process.versions.node,
    resolve,
    read: (path) => quietly(() => readFileSync(resolve(path), "utf8")),
    bytes: (path) => quietly(() => readFileSync(resolve(path))),
    list: (path) => quietly(() => readdirSync(resolve(path))) ?? [],
    kind: (path) => quietly(() => (statSync(resolve(path)).isDirectory() ? "folder" : "file")),
    refusal(path, use) {
      try {
        accessSync(resolve(path), accessModes[use]);
        return undefined;
      } catch (error) {
        return errnoOf(error) ?? "EIO";
      }
    },
    freeBytes: (path) =>
      quietly(() => {
        const { bavail, bsize } = statfsSync(resolve(path));
        return bavail * bsize;
      }),
  };
}

function currentUser(): User {
  const uid = process.getuid?.() ?? 0;
  const gids = new Set([process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])]);
  // A user without an entry in /etc/passwd, as in containers, has no name.
  const name = quietly(() => userInfo().username) ?? process.env["USER"] ?? String(uid);
  return { name, uid, gids: [...gids] };
}

function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
