/** Images that a delta can start from: the one in a slot, or one in a file. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { type ImageManifest, readManifest } from "../image/image-manifest.ts";
import type { VerifiedImage } from "../image/image-reader.ts";
import type { SlotFiles } from "../slots/slot-files.ts";
import type { SlotStore } from "../slots/slot-store.ts";
import type { SlotName } from "../slots/slots.ts";
import { type BaseImage, DeltaError } from "./delta-format.ts";

/** The image that runs. @throws DeltaError where there is none, or its record is damaged */
export function imageInSlot(store: SlotStore, files: SlotFiles): BaseImage {
  const { active, slots } = store.read();
  const known = active === null ? null : slots[active];
  const head = active === null ? undefined : headIn(store, active);
  if (active === null || known === null || head === undefined) throw new DeltaError("no image is installed");
  const signed = head.subarray(head.indexOf(0x0a) + 1);
  if (createHash("sha256").update(signed).digest("hex") !== known.digest)
    throw new DeltaError("the manifest of the installed image is damaged");
  const folder = store.programIn(active);
  return {
    digest: known.digest,
    head,
    manifest: readManifest(signed),
    content: (path) => files.chunks(join(folder, path)),
  };
}

function headIn(store: SlotStore, slot: SlotName): Buffer | undefined {
  try {
    return store.headIn(slot);
  } catch (cause) {
    throw new DeltaError(`the manifest of the installed image is unreadable: ${messageOf(cause)}`, { cause });
  }
}

/** An image file that was verified. */
export function imageInFile(path: string, { manifest, digest, head }: VerifiedImage): BaseImage {
  const places = placesOf(manifest, head.length);
  return {
    digest,
    head,
    manifest,
    async *content(name) {
      const place = places.get(name);
      if (place !== undefined && place.end > place.start)
        yield* createReadStream(path, { start: place.start, end: place.end - 1 });
    },
  };
}

function placesOf({ files }: ImageManifest, from: number) {
  const places = new Map<string, { readonly start: number; readonly end: number }>();
  let at = from;
  for (const { path, size } of files) {
    places.set(path, { start: at, end: at + size });
    at += size;
  }
  return places;
}
