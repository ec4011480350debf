/**
 * Installs an image into the free slot of this unit: for a person's `update apply`, and for the updater.
 *
 * Guarantee: an image that is not signed with a trusted key, is not for this unit, or does not fit on the disk or into
 * the storage that the manifest grants is refused before its first byte is written.
 */
import { statfs } from "node:fs/promises";
import { checkStorage } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { Machine } from "../../update/image/fitness.ts";
import type { TrustedKey } from "../../update/image/keys.ts";
import { ImageRefused } from "../../update/image/refusal.ts";
import type { CheckRoom, InstalledImage, SlotStore } from "../../update/slots/slot-store.ts";
import { guardianProtocol } from "../process/messages.ts";
import { describeDataFolder } from "../storage/data-folder.ts";
import { bytesBelow } from "../storage/storage-meter.ts";
import { machineWith, thisPlatform } from "./machine.ts";
import { storedVersion } from "./stored-version.ts";

export interface InstallOptions {
  readonly store: SlotStore;
  readonly dataPath: string;
  readonly keys: readonly TrustedKey[];
  readonly manifest: Pick<Manifest, "storageKb">;
  /**
   * Versions of the guardian's messages that the launcher supports: those of the launch note (`[note.protocol]`) in a
   * process below the loop, whose guardian may be older than it.
   */
  readonly protocols?: readonly number[];
}

/** Stays free for other files that are written meanwhile. */
const reserveBytes = 8 * 2 ** 20;

/** @throws ImageRefused, SlotsBusy, the system's error, or what the source throws */
export function installUpdate(
  source: AsyncIterable<Uint8Array>,
  { store, dataPath, keys, manifest, protocols = [guardianProtocol] }: InstallOptions,
): Promise<InstalledImage> {
  const room = roomFor({ store, dataPath, manifest });
  return store.install(source, keys, machineOf(dataPath, protocols), { room });
}

/** The machine that an image must support. */
export const machineOf = (dataPath: string, protocols: readonly number[]): Machine =>
  machineWith(thisPlatform(), storedVersion(describeDataFolder(dataPath).stateFile), protocols);

/** Checks that an image fits on the disk and into the storage that the manifest grants. */
export const roomFor =
  ({ store, dataPath, manifest }: Pick<InstallOptions, "store" | "dataPath" | "manifest">): CheckRoom =>
  async ({ totalBytes }) => {
    const refused = checkStorage(manifest, (await bytesBelow(dataPath)) + totalBytes);
    if (refused !== undefined) throw new ImageRefused("no-room", refused.message);
    const { bavail, bsize } = await statfs(store.folder);
    const free = bavail * bsize;
    if (free < totalBytes + reserveBytes) {
      const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
      throw new ImageRefused("no-room", `the disk has ${mib(free)} free; the image needs ${mib(totalBytes)}`);
    }
  };
