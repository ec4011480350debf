/**
 * Installs an image into the free slot of this unit: for a person's `update apply`, and for the updater.
 *
 * Guarantee: refused before the first byte is written where the image is not signed with a trusted key, not for this unit, or
 * has no room, on the disk or in what the manifest grants of it.
 */
import { statfs } from "node:fs/promises";
import { stateVersions } from "../../control/durable.ts";
import { checkStorage } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { Machine } from "../../update/image/fitness.ts";
import type { TrustedKey } from "../../update/image/keys.ts";
import { ImageRefused } from "../../update/image/refusal.ts";
import type { CheckRoom, InstalledImage, SlotStore } from "../../update/slots/slot-store.ts";
import { guardianProtocol } from "../process/messages.ts";
import { describeDataFolder } from "../storage/data-folder.ts";
import { bytesBelow } from "../storage/storage-meter.ts";
import { thisMachine } from "./machine.ts";
import { storedVersion } from "./stored-version.ts";

export interface InstallOptions {
  readonly store: SlotStore;
  readonly dataPath: string;
  readonly keys: readonly TrustedKey[];
  readonly manifest: Pick<Manifest, "storageKb">;
  /**
   * What the launcher knows: from the launch note (`[note.protocol]`) in a process below the loop, whose guardian may be
   * older than itself.
   */
  readonly protocols?: readonly number[];
}

/** For what else is written meanwhile. */
const reserveBytes = 8 * 2 ** 20;

/** @throws ImageRefused, SlotsBusy, the system's error, or what the source throws */
export function installUpdate(
  source: AsyncIterable<Uint8Array>,
  { store, dataPath, keys, manifest, protocols = [guardianProtocol] }: InstallOptions,
): Promise<InstalledImage> {
  const room = roomFor({ store, dataPath, manifest });
  return store.install(source, keys, machineOf(dataPath, protocols), room);
}

/** What an image must run on. */
export function machineOf(dataPath: string, protocols: readonly number[]): Machine {
  const stored = storedVersion(describeDataFolder(dataPath).stateFile);
  const stateVersion = typeof stored === "number" ? stored : stateVersions.writes;
  return { ...thisMachine(), stateVersion, protocols };
}

/** Whether an image has room, on the disk and in what the manifest grants of it. */
export const roomFor =
  ({ store, dataPath, manifest }: Pick<InstallOptions, "store" | "dataPath" | "manifest">): CheckRoom =>
  async ({ totalBytes }) => {
    const refused = checkStorage(manifest, (await bytesBelow(dataPath)) + totalBytes);
    if (refused !== undefined) throw new ImageRefused("no-room", refused.message);
    const { bavail, bsize } = await statfs(store.folder);
    const free = bavail * bsize;
    if (free < totalBytes + reserveBytes) {
      const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
      throw new ImageRefused("no-room", `the disk has ${mib(free)} free, and it takes ${mib(totalBytes)}`);
    }
  };
