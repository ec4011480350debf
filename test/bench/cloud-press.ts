/**
 * From a finger on a button to the relay's line while the hub is a black hole, against a loop without cloud.
 *
 * All loops run side by side, each in a process of its own, so that whatever else the machine does falls on both
 * kinds; time for which the machine had no core for a loop's thread is taken off both. The hub goes silent behind a
 * connection that stands: what the device says is swallowed, pings and all, and each of its later attempts, at the hub
 * and at DPS, gets through TLS and then no answer, which costs the device more than a dead line would. The pace is that
 * of a hub on the same machine: five seconds for each attempt and at most two between them.
 */
import { join } from "node:path";
import type { HubReady } from "../../src/firmware/process/messages.ts";
import { Child } from "./child.ts";
import { type Figure, quantile } from "./figures.ts";
import { type HubRig, withHub, writeCredentials } from "./hub-rig.ts";
import type { LoopServices, Press } from "./loop-child.ts";

export async function cloudPressFigures(pairs: number, presses: number): Promise<Figure[]> {
  const taken = await withHub(async (rig) => {
    const loops = await Promise.all(
      Array.from({ length: pairs }, async (_, at) => [
        await blackHoled(rig, `bench-press-${at}`),
        await startLoop(join(rig.folder, `alone-${at}`), "offline"),
      ]),
    );
    try {
      return await Promise.all(loops.flat().map((loop) => loop.call("press", presses)));
    } finally {
      await Promise.all(loops.flat().map((loop) => loop.end()));
    }
  });
  const cut = taken.filter((_, at) => at % 2 === 0).flat();
  const alone = taken.filter((_, at) => at % 2 === 1).flat();
  const ratio = (share: number): number => own(cut, share) / own(alone, share);
  const note = `${cut.length} presses on each side; ${show(cut)} against ${show(alone)} ms`;
  return [
    { name: "button to relay p50, hub black-holed / no cloud", value: ratio(0.5), unit: "×" },
    {
      name: "button to relay p99, hub black-holed / no cloud",
      value: ratio(0.99),
      unit: "×",
      limit: 1.2,
      note,
    },
  ];
}

type Loop = Child<LoopServices>;

/** A loop that was online, and whose hub has just fallen silent. */
async function blackHoled({ hub, place, folder }: HubRig, id: string): Promise<Loop> {
  const [device] = await hub.call("enrol", [id]);
  if (device === undefined) throw new Error("not enrolled");
  const credentials = writeCredentials(join(folder, `${id}-credentials`), place, device, "dps");
  const ready: HubReady = { kind: "hub-ready", page: "", credentials };
  const loop = await startLoop(join(folder, id), "cloud", ready);
  await loop.call("online");
  await hub.call("setCable", id, "silence");
  return loop;
}

/** Answers what a loop asks its guardian: secrets of the environment, and a hub when it has no credentials. */
function startLoop(data: string, link: "cloud" | "offline", ready?: HubReady): Promise<Loop> {
  return Child.start<LoopServices>("loop-child", {
    args: [data, link],
    onMessage(message, tell) {
      const kind = typeof message === "object" && message !== null ? Reflect.get(message, "kind") : undefined;
      if (kind === "secrets-wanted") tell({ kind: "secrets-given", values: {} });
      if (kind === "no-credentials" && ready !== undefined) tell(ready);
    },
  });
}

const own = (presses: readonly Press[], share: number): number =>
  quantile(
    presses.map((press) => press.own),
    share,
  );

const show = (presses: readonly Press[]): string => {
  const waits = quantile(
    presses.map(({ taken }) => taken),
    0.99,
  );
  const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => own(presses, share).toFixed(1));
  return `p50 ${p50}, p99 ${p99}, worst ${worst} (p99 with the machine's own waits ${waits.toFixed(1)})`;
};
