/** Reads the arguments that the loop passes to a face process (firmware/remote-device/face-arguments.ts). */
import { loadManifest } from "../../firmware/hardware.ts";
import { systemHealthSources } from "../../firmware/health/machine-health.ts";
import { guardNetwork } from "../../firmware/process/guard-network.ts";
import { startOfOther, systemClock } from "../../firmware/process/system-clock.ts";
import { boardOrLastGood } from "../../firmware/storage/last-good.ts";
import { runningRelease } from "../../firmware/update/launch-note.ts";
import { readContext } from "./context.ts";
import { type Arguments, sharedFlags } from "./verb.ts";

export const faceFlags = {
  data: sharedFlags.data,
  board: sharedFlags.board,
  "log-level": { value: "LEVEL", doc: "minimum log level" },
  "up-since": { value: "MS", doc: "when the loop started, counted from the machine's start" },
  "simulated-to-cloud": { doc: "send the virtual hat's readings to another machine" },
  "relay-life": { value: "CYCLES", doc: "rated life of the relay" },
} as const;

/** Called before anything else: it closes the network gate. @throws StartupError */
export function readFace(args: Arguments) {
  const { data } = readContext(args);
  const { wiring, ...choice } = boardOrLastGood(args.value("board") ?? "auto", data).value;
  const manifest = loadManifest({ wiring, ...choice });
  guardNetwork(manifest);
  return {
    data,
    readings: {
      simulated: wiring.backend === "virtual",
      simulatedToCloud: args.has("simulated-to-cloud"),
    },
    /** The arguments that every face takes. */
    parts: {
      clock: systemClock,
      dataPath: data.path,
      manifest,
      firmware: runningRelease(),
      board: wiring.board,
      startedMs: startOfOther(args.value("up-since")),
      healthSources: systemHealthSources(data.path),
      relayLife: Number(args.value("relay-life")),
    },
  };
}
