/** A unit with one scripted source, which assigns release 5. */
import { minutes } from "../../../src/base/units.ts";
import { imageOf } from "../fixtures.ts";
import { OwnerSystem } from "./scripted-source.ts";
import { ScriptedDownloads, Unit, type UnitOptions } from "./unit.ts";

export interface World {
  readonly unit: Unit;
  readonly owner: OwnerSystem;
  readonly downloads: ScriptedDownloads;
}

export async function world(
  changes: Partial<UnitOptions> = {},
  prepare?: (world: World) => void,
): Promise<World> {
  const owner = new OwnerSystem();
  owner.retryAfterMs = minutes(5);
  const downloads = new ScriptedDownloads();
  const unit = new Unit({ sources: () => [owner.source], downloads, ...changes });
  const made = { unit, owner, downloads };
  give(made, 5);
  prepare?.(made);
  await unit.boot();
  return made;
}

/** Assigns release `counter`, which can be downloaded. */
export function give(
  { owner, downloads }: Pick<World, "owner" | "downloads">,
  counter: number,
  changes: Parameters<OwnerSystem["assign"]>[2] = {},
): string {
  const id = `0.${counter}.0`;
  const image = imageOf(counter);
  owner.assign(id, image, changes);
  downloads.images.set(`https://host.example/${id}`, image);
  return id;
}
